"""Where READMEs are: in the record, where a read by id costs one unit more than nothing, or in an item of their own."""

import pytest

from registry.adapters.dynamodb import keys, records
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.keys import Item, binary, number
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.table import create_table
from registry.domain.documents import encode_readme, encode_summary, join_document
from registry.domain.packages import Package
from tests.dynamodb.samples import change, incompressible, next_revision, open_records, package, places
from tests.engines.tables import PATIENT, SESSION, delete_table
from tests.factories import ManualClock, make_account, make_content, make_id

USUAL = "# A model\n\n" + "\n".join(
    f"Row {number} of the table has {number * 7919 % 1000} tokens." for number in range(80)
)
LARGE = incompressible(10_000)


async def write_as_before(table: DynamoTable, packages: DynamoPackageStore, written: Package) -> None:
    """Publish as an earlier edition did: every README in an item of its own, most of them not compressed."""
    await packages.add(written, change(written))
    record = {**records.record_item(written), "readme_revision": number(written.revision)}
    readme: Item = {
        **keys.readme_key(written.id),
        "revision": number(written.revision),
        "compressed": {"BOOL": False},
        "body": binary(encode_readme(written) or b""),
    }
    await table.transact([table.put(record), table.put(readme)])


async def test_a_read_by_id_costs_one_unit_for_the_package(dynamodb_endpoint: str, clock: ManualClock) -> None:
    units: list[float] = []
    async with open_table(
        f"registry-{make_id()}",
        endpoint_url=dynamodb_endpoint,
        session=SESSION,
        limits=PATIENT,
        on_units=lambda _, consumed: units.append(consumed),
    ) as table:
        await create_table(table, ttl=False)
        opened = open_records(table, clock)
        await opened.accounts.add(account := make_account())
        usual, large = package(readme=USUAL, content=make_content()), package(version="2.0.0", readme=LARGE)
        for each in (usual, large):
            await opened.packages.add(each, change(each))
        units.clear()
        for each in (usual, large, large):
            found = await opened.reader.find_for_session(each.id, user=account.name, token_id="t")
            assert found.document is not None
            assert found.document.body == join_document(encode_summary(each), encode_readme(each))
        await delete_table(dynamodb_endpoint, table.name)

    # The account and the record (of a token that is not there AWS would count one more). A large README costs half
    # of what it would in a consistent read, the first time.
    assert units == [2.0, 2.0, pytest.approx(1.25, abs=0.25), 2.0]


async def test_a_readme_from_before_is_read_and_moves_with_the_next_change(
    packages: DynamoPackageStore, table: DynamoTable
) -> None:
    first = package(readme=USUAL)
    await write_as_before(table, packages, first)

    assert await packages.get(first.id) == first
    assert await packages.get_many([first.id]) == [first]
    document = await packages.find_document(first.id)
    assert document is not None
    assert document.body == join_document(encode_summary(first), encode_readme(first))

    second = next_revision(first, description="new")
    await packages.replace(second, change(second), expected_revision=1)

    assert (f"P#{first.id}", "readme") not in await places(table)
    assert await packages.get(first.id) == second


async def test_a_readme_moves_with_its_size(packages: DynamoPackageStore, table: DynamoTable) -> None:
    steps = [package(readme=USUAL)]
    await packages.add(steps[0], change(steps[0]))
    own = (f"P#{steps[0].id}", "readme")
    for readme in (LARGE, LARGE, incompressible(10_000, seed=2), USUAL, LARGE, None):
        following = next_revision(steps[-1], readme=readme, description=f"{len(steps)}")
        await packages.replace(following, change(following), expected_revision=steps[-1].revision)
        steps.append(following)
        assert (own in await places(table)) == (readme is not None and len(readme) >= 10_000)
        assert await packages.get(following.id) == following
        assert await packages.get_many([following.id]) == [following]

    await packages.remove(steps[-1].id, change(steps[-1]), expected_revision=steps[-1].revision)
    assert await places(table) == set()


async def test_a_removed_package_takes_its_large_readme_along(packages: DynamoPackageStore, table: DynamoTable) -> None:
    published = package(readme=LARGE)
    await packages.add(published, change(published))
    await packages.get(published.id)

    await packages.remove(published.id, change(published), expected_revision=1)

    assert await places(table) == set()
    assert await packages.find_document(published.id) is None
