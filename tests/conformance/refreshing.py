"""After an upgrade every storage backend has its old ratings made again."""

from registry.domain.ratings import FORMULA_VERSION
from registry.domain.verdicts import SafetyPolicy
from registry.services.maintenance.refreshing import Refreshing, RefreshStores
from tests.conformance.rating_store import claimed, due, publish
from tests.conformance.records import RecordHome, Records
from tests.factories import make_change, make_rating


async def _rated(records: Records, home: RecordHome, formula: str) -> str:
    package = await publish(records)
    claim = await claimed(records, home, package.id)
    body = f'{{"formula_version":"{formula}"}}'.encode()
    assert await records.ratings.finish(claim, make_rating(package.id, body=body), b"{}", make_change(package.id))
    return package.id


def _refreshing(records: Records, home: RecordHome) -> Refreshing:
    stores = RefreshStores(records.packages, records.ratings, records.scan_requests, records.upgrades)
    return Refreshing(stores, policy=SafetyPolicy(), clock=home.clock, pause_seconds=0)


class RefreshingContract:
    """Subclass in a module with the fixture `home`."""

    async def test_ratings_of_an_older_formula_are_made_again_once(
        self, records: Records, others: Records, home: RecordHome
    ) -> None:
        old = [await _rated(records, home, version) for version in ("1", "2")]
        await _rated(records, home, FORMULA_VERSION)
        assert await due(records, home.clock.now(), limit=10) == []
        while await _refreshing(others, home).step():
            pass
        assert sorted(await due(records, home.clock.now(), limit=10)) == sorted(old)
        # What has been walked is not walked again, whichever process asks.
        assert not await _refreshing(records, home).step()
