"""What a change invalidates at the edge: batched, signed, tried again, given up, and never seen by admins."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from registry.adapters.cloudfront import open_edge
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.deliveries import SqliteDeliveryOutbox
from registry.adapters.sqlite.names import SqliteNameStore
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.webhooks import SqliteWebhookStore
from registry.adapters.system.ids import UuidSource
from registry.composition.edge import open_edge_cache
from registry.domain.edges import MAX_TAG_LENGTH, package_tag, tag_of_path
from registry.domain.errors import NotFound, Unavailable
from registry.domain.events import EventType
from registry.domain.packages import PackageStatus
from registry.domain.webhooks import EDGE_ID, DeliveryStatus
from registry.services.edge.invalidation import BATCH, MAX_ATTEMPTS, EdgeInvalidation, leave_edge
from registry.services.edge.unseen import Unseen
from registry.services.webhooks.webhooks import Webhooks
from registry.settings import Settings
from registry.wire.client_address import with_client_address
from tests.engines.cloudfront import CloudFront, running_cloudfront
from tests.factories import ManualClock, make_change, make_delivery, make_id, make_package, make_webhook
from tests.unit.test_deliveries import ScriptedSender

KEY, SECRET = "AKIAEXAMPLE", "an example's secret"


@dataclass
class Setting:
    clock: ManualClock
    packages: SqlitePackageStore
    webhooks: SqliteWebhookStore
    outbox: SqliteDeliveryOutbox
    cloudfront: CloudFront
    edge: EdgeInvalidation
    outcomes: list[tuple[str, int]] = field(default_factory=list)

    def invalidated(self, outcome: str, tags: int) -> None:
        self.outcomes.append((outcome, tags))

    async def changed(self, status: PackageStatus = PackageStatus.ACTIVE) -> str:
        """Record the rating of another package; its id."""
        package = make_package(status=status)
        await self.packages.add(package, make_change(package.id))
        await self.outbox.add(make_delivery(EDGE_ID, event=EventType.RATING_COMPLETED, package_id=package.id))
        return package.id

    async def statuses(self) -> set[DeliveryStatus]:
        return {each.status for each in await self.outbox.list_deliveries(EDGE_ID, limit=500, after=None)}


@pytest.fixture
async def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setting]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    clock = ManualClock()
    database = await SqliteDatabase.open(tmp_path / "registry.db")
    webhooks, outbox = SqliteWebhookStore(database, clock), SqliteDeliveryOutbox(database, clock)
    with running_cloudfront({KEY: SECRET}) as cloudfront:
        async with open_edge(cloudfront.distribution_id, endpoint_url=cloudfront.url) as cache:
            packages = SqlitePackageStore(database, clock)
            edge = EdgeInvalidation(
                webhooks,
                outbox,
                cache,
                Unseen(packages, SqliteNameStore(database, clock)),
                clock=clock,
                lease_seconds=60,
                gather_seconds=0,
                jitter=lambda: 0.0,
            )
            made = Setting(clock, packages, webhooks, outbox, cloudfront, edge)
            edge.observers.append(made)
            await edge.register()
            yield made
    await database.close()


async def test_changes_of_many_packages_are_one_signed_call(setting: Setting) -> None:
    ids = [await setting.changed() for _ in range(BATCH + 1)]
    assert [await setting.edge.send_due() for _ in range(3)] == [BATCH, 1, 0]
    assert setting.cloudfront.refused == []
    assert len(setting.cloudfront.invalidations) == 2
    assert sorted(setting.cloudfront.items) == sorted(f"#{package_tag(package_id)}" for package_id in ids)
    assert setting.outcomes == [("done", BATCH), ("done", 1)]
    assert await setting.statuses() == {DeliveryStatus.DELIVERED}


@pytest.mark.parametrize("failure", [(400, "TooManyInvalidationsInProgress"), (403, "AccessDenied")])
async def test_what_cloudfront_refuses_is_tried_again(setting: Setting, failure: tuple[int, str]) -> None:
    package_id = await setting.changed()
    setting.cloudfront.failures = [failure]
    assert await setting.edge.send_due() == 1
    assert (setting.outcomes, await setting.statuses()) == ([("retried", 1)], {DeliveryStatus.PENDING})
    assert await setting.edge.send_due() == 0, "not before its time"
    setting.clock.advance(timedelta(seconds=5))
    assert await setting.edge.send_due() == 1
    assert setting.cloudfront.items == [f"#{package_tag(package_id)}"]


async def test_it_is_given_up_when_edges_have_dropped_it_by_themselves(setting: Setting) -> None:
    await setting.changed()
    setting.cloudfront.distribution_id = "ANOTHER"
    waited = 0
    while (await setting.statuses()) == {DeliveryStatus.PENDING}:
        if await setting.edge.send_due() == 0:
            setting.clock.advance(timedelta(seconds=1))
            waited += 1
    assert waited > 120
    assert setting.outcomes == [("retried", 1)] * (MAX_ATTEMPTS - 1) + [("failed", 1)]


async def test_a_lost_answer_makes_no_second_invalidation(setting: Setting) -> None:
    await setting.changed()
    edge: EdgeInvalidation = setting.edge
    (leased,) = await setting.outbox.lease(EDGE_ID, limit=1, lease_seconds=1)
    for _ in range(2):
        await edge._invalidate([leased])
    assert len(setting.cloudfront.invalidations) == 1


async def test_what_no_edge_can_hold_is_not_paid_for(setting: Setting) -> None:
    await setting.changed(PackageStatus.DRAFT)
    assert await setting.edge.send_due() == 1
    assert setting.cloudfront.invalidations == {}
    await setting.changed(PackageStatus.DRAFT)
    package_id = await setting.changed()
    assert await setting.edge.send_due() == 2
    assert setting.cloudfront.items == [f"#{package_tag(package_id)}"]
    assert setting.outcomes == [("skipped", 1), ("skipped", 1), ("done", 1)]
    assert await setting.statuses() == {DeliveryStatus.DELIVERED}


async def test_edges_hold_nothing_where_everybody_needs_a_token() -> None:
    settings = Settings(edge_distribution_id="E1", anonymous="", edge_endpoint_url="http://127.0.0.1:9")
    async with open_edge_cache(settings) as cache:
        assert cache is None
    async with open_edge_cache(settings.model_copy(update={"anonymous": "search"})) as cache:
        assert cache is not None


async def test_an_api_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    async with open_edge("E1", endpoint_url="http://127.0.0.1:9") as cache:
        with pytest.raises(Unavailable, match="CloudFront cannot be reached"):
            await cache.invalidate(["a"], reference="r")


async def test_admins_do_not_see_the_edge(setting: Setting) -> None:
    service = Webhooks(
        setting.webhooks,
        setting.outbox,
        ScriptedSender(),
        clock=setting.clock,
        ids=UuidSource(),
        max_webhooks=1,
    )
    assert await service.list_webhooks(limit=10, after=None) == []
    webhook = make_webhook()
    await setting.webhooks.add(webhook)
    assert await service.list_webhooks(limit=10, after=None) == [webhook]
    for call in (service.get, service.remove, service.test):
        with pytest.raises(NotFound):
            await call(EDGE_ID)


async def test_without_the_setting_nothing_is_recorded_for_the_edge_any_more(setting: Setting) -> None:
    await setting.changed()
    assert await setting.outbox.due_webhooks() == [EDGE_ID]
    assert await leave_edge(setting.webhooks) == 0
    assert await setting.outbox.due_webhooks() == []
    with pytest.raises(NotFound):
        await setting.webhooks.get(EDGE_ID)


def test_a_tag_is_of_the_package_in_the_path() -> None:
    package_id = make_id()
    for path in (f"/package/{package_id}", f"/package/{package_id.upper()}/files/a/b", f"/ui/api/package/{package_id}"):
        assert tag_of_path(path) == package_tag(package_id)
    assert len(package_tag(package_id)) <= MAX_TAG_LENGTH
    for path in ("/packages", "/package/x", f"/names/{package_id}", f"/package/{package_id}0"):
        assert tag_of_path(path) is None


@pytest.mark.parametrize(
    ("value", "client"),
    [
        (b"203.0.113.7:46532", ("203.0.113.7", 46532)),
        (b"2001:db8:0:0:0:0:0:1:443", ("2001:db8::1", 443)),
        (b"[2001:db8::1]:443", ("2001:db8::1", 443)),
        (b"nonsense", ("10.0.0.1", 1)),
        (b"999.1.1.1:5", ("10.0.0.1", 1)),
    ],
)
def test_the_client_is_whom_the_edge_saw(value: bytes, client: tuple[str, int]) -> None:
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": [(b"cloudfront-viewer-address", value)]}
    assert with_client_address(scope, b"cloudfront-viewer-address")["client"] == client
    assert with_client_address(scope, b"another")["client"] == ("10.0.0.1", 1)
