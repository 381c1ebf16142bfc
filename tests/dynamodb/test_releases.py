"""A release that stops after each of its steps: what readers see, and how it ends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from registry.adapters.dynamodb import name_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import text
from registry.adapters.dynamodb.release_ending import end_release
from registry.adapters.dynamodb.releases import DynamoReleaseStore
from registry.adapters.dynamodb.scores import score_actions
from registry.domain.errors import RevisionConflict, Unavailable
from registry.domain.names import Name
from registry.domain.packages import PackageType
from registry.ports.names import NameChange
from tests.conformance.name_store import who
from tests.conformance.release_store import drafts, release_of, seen
from tests.dynamodb.samples import next_revision, open_records
from tests.factories import ManualClock, make_change

STEPS = {"begun": False, "prepared": False, "committed": True, "carried out": True}


class Killed(Exception):
    """The process ends here."""


def stopping_after(step: str) -> Callable[[str], Awaitable[None]]:
    async def after(name: str) -> None:
        if name == step:
            raise Killed

    return after


@pytest.mark.parametrize(("step", "released"), STEPS.items())
async def test_readers_see_all_or_nothing_and_the_sweep_ends_it(
    table: DynamoTable, clock: ManualClock, *, step: str, released: bool
) -> None:
    records = open_records(table, clock)
    packages = await drafts(records, 4)
    store = DynamoReleaseStore(table, clock=clock, after=stopping_after(step))
    with pytest.raises(Killed):
        await store.release(await release_of(records, packages))
    assert await seen(records, packages) == [{released}] * 9
    clock.advance(timedelta(minutes=2))
    assert await records.releases.settle(clock.now()) == 1
    assert await seen(records, packages) == [{released}] * 9
    scanned = [items async for items in table.scan("attribute_exists(in_release) AND pk <> :no", {":no": text("-")})]
    assert not any(scanned)
    assert await table.query_all(name_keys.RELEASES) == []
    if not released:
        await records.releases.release(await release_of(records, packages))
        assert await seen(records, packages) == [{True}] * 9


@pytest.mark.parametrize(("step", "released"), STEPS.items())
async def test_who_changes_a_package_ends_the_release_first(
    table: DynamoTable, clock: ManualClock, *, step: str, released: bool
) -> None:
    records = open_records(table, clock)
    packages = await drafts(records, 4)
    store = DynamoReleaseStore(table, clock=clock, after=stopping_after(step))
    with pytest.raises(Killed):
        await store.release(await release_of(records, packages))
    last = await records.packages.get(packages[-1].id)
    changed = next_revision(last, description="changed")
    await records.packages.replace(changed, make_change(last.id), expected_revision=last.revision)
    assert await records.packages.get(last.id) == changed
    assert await seen(records, packages) == [{released}] * 9
    await records.packages.remove(packages[0].id, make_change(packages[0].id), expected_revision=1 + released)
    assert await seen(records, packages[1:]) == [{released}] * 4 + [{released}] * 5


@pytest.mark.parametrize(("step", "released"), STEPS.items())
async def test_who_changes_a_name_ends_the_release_first(
    table: DynamoTable, clock: ManualClock, *, step: str, released: bool
) -> None:
    records = open_records(table, clock)
    packages = await drafts(records, 4)
    store = DynamoReleaseStore(table, clock=clock, after=stopping_after(step))
    with pytest.raises(Killed):
        await store.release(await release_of(records, packages))
    before = await records.names.find(PackageType.MODEL, "set/one")
    assert before is not None
    owned = Name(before.type, before.name, (who("bob"),), aliases=before.aliases, revision=before.revision + 1)
    await records.names.replace(owned, NameChange(who("alice")), expected_revision=before.revision)
    assert await records.names.find(PackageType.MODEL, "set/one") == owned
    assert await seen(records, packages) == [{released}] * 9


async def test_a_rating_cannot_undo_what_a_release_has_prepared(table: DynamoTable, clock: ManualClock) -> None:
    records = open_records(table, clock)
    packages = await drafts(records, 4)
    first = packages[0].id
    late = await score_actions(table, first, revision=1, lower_bound=0.5)

    async def rate(step: str) -> None:
        if step == "prepared":
            with pytest.raises(ConditionFailed):
                await table.transact(late)
            with pytest.raises(Unavailable):
                await score_actions(table, first, revision=1, lower_bound=0.5)

    await DynamoReleaseStore(table, clock=clock, after=rate).release(await release_of(records, packages))
    assert await seen(records, packages) == [{True}] * 9


async def test_a_release_that_was_cancelled_does_not_wait_for_the_index(
    table: DynamoTable, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = open_records(table, clock)
    packages = await drafts(records, 4)
    release = await release_of(records, packages)
    index_has = table.index_has

    async def after_a_change(partition: str, item_id: str) -> bool:
        await end_release(table, release.id)
        return await index_has(partition, item_id)

    monkeypatch.setattr(table, "index_has", after_a_change)
    with pytest.raises(RevisionConflict):
        await DynamoReleaseStore(table, clock=clock).release(release)
    assert await seen(records, packages) == [{False}] * 9


async def test_followers_find_what_a_killed_process_released_long_after(table: DynamoTable, clock: ManualClock) -> None:
    """The log's entry is of the time when the release is carried out, not of the time when it was prepared."""
    records = open_records(table, clock)
    packages = await drafts(records, 2)
    store = DynamoReleaseStore(table, clock=clock, after=stopping_after("committed"))
    with pytest.raises(Killed):
        await store.release(await release_of(records, packages))
    clock.advance(timedelta(minutes=10))
    cursor = await records.changes.latest()
    await records.releases.settle(clock.now())
    page = await records.changes.read(cursor, limit=100)
    assert page is not None
    assert {package.id for package in packages} <= set(page.package_ids)
