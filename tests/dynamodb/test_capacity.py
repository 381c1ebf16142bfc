"""What calls consume of DynamoDB's capacity is asked for and told."""

from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.table import create_table
from tests.dynamodb.samples import change, package
from tests.engines.tables import PATIENT, SESSION, delete_table
from tests.factories import ManualClock, make_id


async def test_units_are_told_by_operation(dynamodb_endpoint: str) -> None:
    told: list[tuple[str, float]] = []
    async with open_table(
        f"registry-{make_id()}",
        endpoint_url=dynamodb_endpoint,
        session=SESSION,
        limits=PATIENT,
        on_units=lambda operation, units: told.append((operation, units)),
    ) as table:
        await create_table(table, ttl=False)
        packages = DynamoPackageStore(table, clock=ManualClock())
        await packages.names.check_migrated()
        told.clear()
        published = package()
        await packages.add(published, change(published))
        await packages.find_document(published.id)
        await packages.get_many([published.id])
        await delete_table(dynamodb_endpoint, table.name)

    written, queried, fetched = told
    assert written[0] == "TransactWriteItems"
    assert written[1] >= 2  # a transaction writes each item twice
    assert (queried[0], fetched[0]) == ("Query", "BatchGetItem")
    assert queried[1] > 0
    assert fetched[1] > 0
