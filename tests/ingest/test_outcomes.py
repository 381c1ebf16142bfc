"""How often a fetch is tried, when it is given up, and what is refused for its score."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.domain.events import EventType
from registry.domain.packages import Package, PackageStatus
from registry.ports.fetching import FetchError, SourceFacts
from registry.services.ingest.gate import ScoreGate
from tests.factories import make_webhook
from tests.ingest.processes import World, open_world, running


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        opened.source.go.set()
        yield opened


def busy(seconds: float = 0.0) -> FetchError:
    return FetchError("it is busy", transient=True, retry_after_seconds=seconds)


async def outcome(world: World, *, gate: ScoreGate | None = None) -> Package:
    package = await world.pending()
    async with running(world.process(gate=gate)):
        return await world.settled(package)


async def test_a_passing_failure_is_tried_again_with_growing_waits(world: World) -> None:
    world.source.failures = [busy(), busy(), busy(30)]
    assert (await outcome(world)).status is PackageStatus.ACTIVE
    assert world.naps == [2, 4, 30]
    assert [(note or "").partition(", ")[2] for note in world.notes] == [
        "tried again in 2 s: it is busy",
        "tried again in 4 s: it is busy",
        "tried again in 30 s: it is busy",
    ]


async def test_it_is_given_up_after_five_times(world: World) -> None:
    world.source.failures = [busy() for _ in range(6)]
    found = await outcome(world)
    assert (found.status, found.status_reason) == (PackageStatus.FAILED, "it is busy")
    assert world.source.opened == 5


@pytest.mark.parametrize("failure", [busy(3_601), FetchError("it is gone", transient=False)])
async def test_what_would_take_too_long_or_never_help_is_not_waited_for(world: World, failure: FetchError) -> None:
    world.source.failures = [failure]
    found = await outcome(world)
    assert (found.status, found.status_reason) == (PackageStatus.FAILED, str(failure))
    assert world.naps == []


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (0.5, None),
        (0.4996, "its score may be as low as 0.4996; at least 0.5 is asked for"),
        (None, "nothing could be rated; a score of at least 0.5 is asked for"),
    ],
)
async def test_the_score_decides_where_one_is_asked_for(world: World, score: float | None, reason: str | None) -> None:
    scored: list[Package] = []

    async def scorer(package: Package) -> float | None:
        scored.append(package)
        return score

    world.source.facts = SourceFacts(license="mit")
    found = await outcome(world, gate=ScoreGate(scorer, 0.5))
    assert found.status_reason == reason
    assert found.status is (PackageStatus.FAILED if reason else PackageStatus.ACTIVE)
    assert (found.content is None) == bool(reason)
    assert len(await world.stored_keys()) == (0 if reason else 1)
    # It is scored as it would be published.
    [candidate] = scored
    assert candidate.content is not None
    assert (candidate.status, candidate.license) == (PackageStatus.ACTIVE, "MIT")


@pytest.mark.parametrize("status", [PackageStatus.ACTIVE, PackageStatus.FAILED])
async def test_webhooks_hear_of_the_outcome_only(world: World, status: PackageStatus) -> None:
    webhook = make_webhook(events=frozenset({EventType.PACKAGE_UPDATED}))
    await world.webhooks.add(webhook)
    gone = FetchError("it is gone", transient=False)
    world.source.failures = [busy()] if status is PackageStatus.ACTIVE else [busy(), gone]
    package = await outcome(world)
    (delivery,) = await world.outbox.lease(webhook.id, limit=10, lease_seconds=1)
    assert delivery.package_id == package.id
    told = json.loads(delivery.payload)["data"]
    assert (told["status"], told["revision"]) == (status.value, package.revision)


async def test_what_exceeds_the_owners_quota_fails_for_good(tmp_path: Path) -> None:
    (tmp_path / "narrow").mkdir()
    async with open_world(tmp_path / "narrow", user_bytes=12) as narrow:
        narrow.source.go.set()
        found = await outcome(narrow)
        assert found.status is PackageStatus.FAILED
        assert "room for 12 bytes" in (found.status_reason or "")
        assert await narrow.stored_keys() == []
