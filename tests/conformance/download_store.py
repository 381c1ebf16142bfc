"""What every DownloadStore does."""

from datetime import date, timedelta

from registry.domain.downloads import Downloaded, Ranking, counted_days
from registry.domain.packages import PackageType
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_account, make_change, make_id, make_package

TODAY = date(2026, 11, 30)


def downloaded(package_id: str, days_ago: int = 0, name: str = "bert") -> Downloaded:
    return Downloaded(PackageType.MODEL, name, package_id, TODAY - timedelta(days=days_ago))


class DownloadStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_lists_the_most_downloaded_of_some_days(self, records: Records, others: Records) -> None:
        first, second, third, old = (make_id() for _ in range(4))
        await records.downloads.count({downloaded(first): 2, downloaded(second, 29): 3, downloaded(old, 30): 50})
        await others.downloads.count({downloaded(first, 7): 2, downloaded(third): 3, downloaded(second, 1, "b"): 0})

        since = TODAY - timedelta(days=29)
        assert list(await records.downloads.list_most(since, limit=9)) == [first, third, second]
        assert list(await records.downloads.list_most(since, limit=2)) == [first, third]

    async def test_lists_the_days_of_a_package(self, records: Records, others: Records) -> None:
        package, other = make_id(), make_id()
        await records.downloads.count({downloaded(package): 2, downloaded(package, 29): 3, downloaded(package, 30): 9})
        await others.downloads.count({downloaded(package): 1, downloaded(other, 1): 5})
        found = await records.downloads.list_days(package, counted_days(TODAY))
        assert {day: count for day, count in found.items() if count} == {TODAY: 3, TODAY - timedelta(days=29): 3}
        assert not any((await records.downloads.list_days(make_id(), counted_days(TODAY))).values())

    async def test_many_counts_at_once(self, records: Records) -> None:
        ids = [make_id() for _ in range(60)]
        await records.downloads.count({downloaded(each): count for count, each in enumerate(ids, 1)})
        assert list(await records.downloads.list_most(TODAY - timedelta(days=29), limit=60)) == ids[::-1]

    async def test_totals_of_names(self, records: Records, others: Records) -> None:
        model, dataset = ((kind, "totals") for kind in (PackageType.MODEL, PackageType.DATASET))
        for kind, name in (model, dataset):
            package = make_package(type=kind, name=name)
            await records.packages.add(package, make_change(package.id))
        for days_ago, count in ((0, 2), (40, 3)):
            await records.downloads.count({downloaded(make_id(), days_ago, "totals"): count})
        wanted = [model, dataset, *((PackageType.MODEL, f"other{number}") for number in range(120))]
        found = await others.downloads.find_totals(wanted)
        assert found.get(model) == 5
        assert {found.get(each, 0) for each in wanted if each != model} == {0}
        assert not await others.downloads.find_totals([])

    async def test_nothing_was_downloaded(self, records: Records) -> None:
        assert list(await records.downloads.list_most(TODAY, limit=5)) == []
        await records.downloads.count({})
        assert await records.downloads.find_ranking() is None
        assert await records.downloads.find_ranking("none") is None

    async def test_rankings_are_kept_and_the_latest_is_found(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        before, after = Ranking(make_id(), (make_id(),)), Ranking(make_id(), ())
        full = Ranking(make_id(), tuple(make_id() for _ in range(1_000)))
        ends = backend.clock.now() + timedelta(hours=1)
        await records.downloads.add_ranking(before, expires_at=ends)
        await records.downloads.add_ranking(after, expires_at=ends + timedelta(hours=1))

        assert await others.downloads.find_ranking() == after
        assert await others.downloads.find_ranking(before.id) == before
        await records.downloads.add_ranking(full, expires_at=ends + timedelta(hours=1))
        assert await others.downloads.find_ranking() == full
        await records.maintenance.purge_expired(ends)
        assert await records.downloads.find_ranking(before.id) is None
        assert await records.downloads.find_ranking(after.id) == after

    async def test_a_reset_forgets_counts_and_rankings(self, records: Records, backend: RecordBackend) -> None:
        await records.downloads.count({downloaded(make_id()): 1})
        await records.downloads.add_ranking(
            Ranking(make_id(), (make_id(),)), expires_at=backend.clock.now() + timedelta(hours=1)
        )
        await records.maintenance.reset(make_account())
        assert list(await records.downloads.list_most(TODAY, limit=5)) == []
        assert await records.downloads.find_ranking() is None
