"""After an upgrade every storage backend has its old ratings made again."""

from registry.domain.ratings import FORMULA_VERSION
from registry.domain.receipts import RECEIPT_FORM
from registry.domain.verdicts import SafetyPolicy
from registry.services.maintenance.refreshing import Refreshing, RefreshStores
from tests.conformance.rating_store import due, leased, publish
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_change, make_rating


async def _rated(records: Records, backend: RecordBackend, formula: str, *, form: int = RECEIPT_FORM) -> str:
    package = await publish(records)
    lease = await leased(records, backend, package.id)
    body = f'{{"formula_version":"{formula}"}}'.encode()
    receipt = f'{{"form":{form}}}'.encode()
    assert await records.ratings.finish(lease, make_rating(package.id, body=body), receipt, make_change(package.id))
    return package.id


def _refreshing(records: Records, backend: RecordBackend) -> Refreshing:
    stores = RefreshStores(records.packages, records.ratings, records.scan_requests, records.upgrades)
    return Refreshing(stores, policy=SafetyPolicy(), clock=backend.clock, pause_seconds=0)


class RefreshingContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_ratings_of_an_older_formula_are_made_again_once(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        old = [await _rated(records, backend, version) for version in ("1", "2")]
        old.append(await _rated(records, backend, FORMULA_VERSION, form=RECEIPT_FORM - 1))
        await _rated(records, backend, FORMULA_VERSION)
        assert await due(records, backend.clock.now(), limit=10) == []
        while await _refreshing(others, backend).step():
            pass
        assert sorted(await due(records, backend.clock.now(), limit=10)) == sorted(old)
        # What has been walked is not walked again, whichever process asks.
        assert not await _refreshing(records, backend).step()
