"""The ranking by downloads: made by one process each hour, and listed as the packages are now."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from registry.adapters.system.ids import UuidSource
from registry.domain.accounts import principal_of
from registry.domain.downloads import Downloaded
from registry.domain.errors import InvalidInput
from registry.domain.listing import PackageFilter
from registry.domain.names import Name, Visibility
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import VersionRange
from registry.domain.visibility import EVERYBODY, Viewer
from registry.services.packages.popularity import Popularity, PopularityStores
from tests.conformance.package_listing import rate
from tests.conformance.package_store import add
from tests.conformance.records import Records
from tests.conformance.test_sqlite import SqliteBackend
from tests.factories import ids, make_change

ALICE = Viewer(principal_of("alice", "alice"))


@dataclass
class World:
    """The same records as two processes have them."""

    backend: SqliteBackend
    records: Records
    one: Popularity
    other: Popularity

    async def download(self, package: Package, count: int, *, days_ago: int = 0) -> None:
        day = self.backend.clock.now().date() - timedelta(days=days_ago)
        await self.records.downloads.count({Downloaded(package.type, package.name, package.id, day): count})

    async def listed(self, wanted: PackageFilter, *, limit: int = 2) -> list[str]:
        found, after = [], None
        while True:
            page = await self.one.list_page(wanted, limit=limit, after=after)
            found += ids(page.items)
            if (after := page.next_after) is None:
                return found
            assert len(page.items) == limit


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    backend = SqliteBackend(tmp_path)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(backend.open()) for _ in range(2)]
        processes = [
            Popularity(
                PopularityStores(each.downloads, each.packages, each.names, each.ratings, each.upgrades),
                clock=backend.clock,
                ids=UuidSource(),
                refresh_seconds=3_600,
            )
            for each in opened
        ]
        yield World(backend, opened[0], *processes)


async def test_the_first_downloads_are_not_hidden_for_an_hour(world: World) -> None:
    first, second = await add(world.records), await add(world.records)
    assert await world.other.refresh_if_due()
    assert await world.listed(PackageFilter()) == []
    await world.download(first, 1)
    assert await world.listed(PackageFilter()) == [first.id]
    await world.download(second, 5)
    assert await world.listed(PackageFilter()) == [first.id]  # from now on by the hour


async def test_one_process_makes_a_ranking_each_hour(world: World) -> None:
    assert (await world.one.list_page(PackageFilter(), limit=5, after=None)).items == ()
    package = await add(world.records)
    await world.download(package, 1)
    assert await world.other.refresh_if_due()
    assert not await world.one.refresh_if_due()
    assert await world.listed(PackageFilter()) == [package.id]
    late = await add(world.records)
    await world.download(late, 5)
    assert await world.listed(PackageFilter()) == [package.id]
    world.backend.clock.advance(timedelta(seconds=3_600))
    assert await world.one.refresh_if_due()
    assert not await world.other.refresh_if_due()
    assert await world.listed(PackageFilter()) == [late.id, package.id]
    assert await world.one.ranks() == {late.id: 0, package.id: 1}


async def test_what_a_killed_process_began_another_does(world: World) -> None:
    package = await add(world.records)
    await world.download(package, 1)
    await world.records.upgrades.swap(
        "downloads", (world.backend.clock.now() + timedelta(minutes=10)).isoformat(), expected=None
    )
    assert not await world.one.refresh_if_due()
    world.backend.clock.advance(timedelta(seconds=600))
    assert await world.other.refresh_if_due()
    assert await world.listed(PackageFilter()) == [package.id]


async def test_downloads_count_for_thirty_days(world: World) -> None:
    new, old, gone = [await add(world.records) for _ in range(3)]
    await world.download(new, 1)
    await world.download(old, 2, days_ago=29)
    await world.download(gone, 9, days_ago=30)
    await world.one.refresh_if_due()
    assert await world.listed(PackageFilter()) == [old.id, new.id]


async def test_a_walk_keeps_to_its_ranking(world: World) -> None:
    packages = [await add(world.records) for _ in range(4)]
    for count, package in enumerate(packages, 1):
        await world.download(package, count)
    await world.one.refresh_if_due()
    first = await world.one.list_page(PackageFilter(), limit=2, after=None)
    await world.download(packages[0], 50)
    await world.records.packages.remove(packages[1].id, make_change(packages[1].id), expected_revision=1)
    world.backend.clock.advance(timedelta(seconds=3_600))
    await world.other.refresh_if_due()
    second = await world.one.list_page(PackageFilter(), limit=2, after=first.next_after)

    assert ids([*first.items, *second.items]) == ids([packages[3], packages[2], packages[0]])
    assert second.next_after is None
    world.backend.clock.advance(timedelta(seconds=86_400))
    await world.records.maintenance.purge_expired(world.backend.clock.now())
    with pytest.raises(InvalidInput, match="begin again"):
        await world.one.list_page(PackageFilter(), limit=2, after=first.next_after)


async def test_every_filter_goes_with_it(world: World) -> None:
    records = world.records
    code = await add(records, type=PackageType.CODE, tags=("nlp",), name="bert", version="2.0.0", created_by="bob")
    model = await add(records, name="bert", version="1.0.0", tags=("nlp", "x"))
    old = await add(records, status=PackageStatus.DEPRECATED)
    for count, package in enumerate((code, model, old), 1):
        await world.download(package, count)
    await rate(records, world.backend.clock, code, 0.4, above=0.5)
    await rate(records, world.backend.clock, model, 0.41)
    await world.one.refresh_if_due()
    for wanted, found in (
        (PackageFilter(), [model, code]),
        (PackageFilter(status=PackageStatus.DEPRECATED), [old]),
        (PackageFilter(status=None), [old, model, code]),
        (PackageFilter(type=PackageType.CODE), [code]),
        (PackageFilter(tag="x"), [model]),
        (PackageFilter(name="bert", versions=VersionRange.parse("^2.0.0")), [code]),
        (PackageFilter(created_by="bob"), [code]),
        (PackageFilter(min_net_score=0.41), [model]),
        (PackageFilter(min_net_score=0.4), [model, code]),
        (PackageFilter(min_net_score=0.42), []),
    ):
        assert await world.listed(wanted, limit=1) == ids(found), wanted


async def test_nothing_hidden_shows(world: World) -> None:
    draft = await add(world.records, status=PackageStatus.DRAFT, name="draft")
    secret = await add(world.records, name="secret")
    for package in (draft, secret):
        await world.download(package, 1)
    await world.one.refresh_if_due()
    private = {
        (secret.type, "secret"): Name(secret.type, "secret", (str(ALICE.principal),), Visibility.PRIVATE, (), {}, 1)
    }
    for viewer, seen in ((ALICE, [secret, draft]), (Viewer("bob#bob"), []), (EVERYBODY, [])):
        everything = PackageFilter(status=None, viewer=replace(viewer, private=private))
        assert await world.listed(everything) == ids(seen)
        assert await world.listed(replace(everything, status=PackageStatus.DRAFT)) == ids(seen[1:])
