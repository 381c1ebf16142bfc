"""What is DynamoDB's own in the store of ratings."""

import pytest

from registry.adapters.dynamodb import ratings
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.ratings import DynamoRatingStore
from tests.dynamodb.samples import fill, package
from tests.engines.tables import CallCounter
from tests.factories import ManualClock


async def test_a_look_reads_a_part_of_what_waits_and_some_looks_find_all(
    table: DynamoTable, calls: CallCounter, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratings, "LOOKED_AT", 2)
    published = [package(version=f"1.0.{number}") for number in range(20)]
    await fill(DynamoPackageStore(table, clock=clock), published)
    store, found, looks = DynamoRatingStore(table), set[str](), 0
    while len(found) < len(published):
        calls.clear()
        seen = await store.list_due(clock.now(), limit=100)
        assert dict(calls) == {"Query": 4}
        assert len(seen) <= 8
        found |= {each.package_id for each in seen}
        looks += 1
    assert looks <= 20
