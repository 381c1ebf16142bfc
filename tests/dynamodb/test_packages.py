"""What is DynamoDB's own in the package store; the port's contract is the conformance suite's."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.api.idempotency import decode_response
from registry.domain.documents import encode_readme, encode_summary, join_document
from registry.domain.errors import AlreadyAnswered, PackageExists, RevisionConflict, TooLarge
from registry.domain.packages import PackageStatus
from tests.dynamodb.samples import change, fill, incompressible, next_revision, package, places
from tests.factories import ManualClock, make_content, make_id, make_idempotency_record


async def test_a_removed_package_leaves_nothing_but_its_trail(packages: DynamoPackageStore, table: DynamoTable) -> None:
    first = package(tags=("nlp", "tiny"), readme="# Bert", content=make_content())
    await packages.add(first, change(first))
    second = next_revision(
        first, tags=("vision",), status=PackageStatus.DEPRECATED, readme=None, content=make_content(blob_key="b2")
    )
    await packages.replace(second, change(second), expected_revision=1)
    assert ("L#deprecated#tag#vision", first.id) in await places(table)

    await packages.remove(first.id, change(second), expected_revision=2)

    assert await places(table) == set()


async def test_a_change_of_the_description_rewrites_the_record_and_its_summaries(
    packages: DynamoPackageStore, table: DynamoTable
) -> None:
    first = package(tags=("nlp",), readme="# Bert", content=make_content())
    await packages.add(first, change(first))
    written: list[int] = []
    transact = table.transact

    async def transact_and_count(actions: Sequence[Any]) -> None:
        written.append(len(actions))
        await transact(actions)

    table.transact = transact_and_count  # type: ignore[method-assign]

    second = next_revision(first, description="small")
    await packages.replace(second, change(second), expected_revision=1)

    # The record, the audit entry, the change, the rating request, and the entries of all, name, owner, type and tag.
    assert written == [9]
    assert await packages.get(first.id) == second


@pytest.mark.parametrize("readme", ["# short", "", "word " * 50_000, "".join(map(chr, range(1, 0x7F))) * 2_000])
async def test_a_readme_of_any_size_is_served_as_it_was_written(packages: DynamoPackageStore, readme: str) -> None:
    written = package(readme=readme)
    await packages.add(written, change(written))

    document = await packages.find_document(written.id)

    assert document is not None
    assert document.body == join_document(encode_summary(written), encode_readme(written))
    assert await packages.get(written.id) == written
    assert await packages.get_many([written.id]) == [written]


async def test_the_largest_readme_that_does_not_compress_fits(packages: DynamoPackageStore) -> None:
    readme = incompressible(256 * 1024)
    written = package(readme=readme)

    await packages.add(written, change(written))

    assert (await packages.get(written.id)).readme == readme


async def test_a_record_over_the_items_limit_is_refused_and_nothing_stays(
    packages: DynamoPackageStore, table: DynamoTable
) -> None:
    too_long = package(description="x" * 420_000)

    with pytest.raises(TooLarge):
        await packages.add(too_long, change(too_long))

    assert await places(table) == set()


async def test_a_readme_of_another_write_is_read_again(
    packages: DynamoPackageStore, table: DynamoTable, clock: ManualClock
) -> None:
    first = package(readme=incompressible(10_000))
    await packages.add(first, change(first))
    second = next_revision(first, readme=incompressible(10_000, seed=2))
    other, query, torn = DynamoPackageStore(table, clock=clock), table.query, False

    async def query_between_the_parts(partition: str, **options: object) -> object:
        nonlocal torn
        found = await query(partition, **options)  # type: ignore[arg-type]
        if not torn:
            torn = True
            await other.replace(second, change(second), expected_revision=1)
        return found

    table.query = query_between_the_parts  # type: ignore[method-assign, assignment]

    assert await packages.get(first.id) == second


async def test_of_64_concurrent_writers_each_acknowledged_revision_is_unique_and_in_order(
    packages: DynamoPackageStore,
) -> None:
    start = package()
    await packages.add(start, change(start))
    acknowledged: list[tuple[int, str]] = []

    async def write(writer: int) -> None:
        for _ in range(3):
            current = await packages.get(start.id)
            mine = next_revision(current, description=f"writer {writer}")
            try:
                await packages.replace(mine, change(mine), expected_revision=current.revision)
            except RevisionConflict:
                continue
            acknowledged.append((mine.revision, mine.description))

    await asyncio.gather(*map(write, range(64)))

    assert len(acknowledged) >= 3, "each round has a winner"
    assert sorted(revision for revision, _ in acknowledged) == list(range(2, 2 + len(acknowledged)))
    last = await packages.get(start.id)
    assert (last.revision, last.description) == max(acknowledged)


async def test_of_concurrent_publishers_of_one_version_one_wins(packages: DynamoPackageStore) -> None:
    candidates = [package("one", "1.0.0") for _ in range(16)]

    outcomes = await asyncio.gather(
        *(packages.add(candidate, change(candidate)) for candidate in candidates), return_exceptions=True
    )

    winners = [candidate for candidate, outcome in zip(candidates, outcomes, strict=True) if outcome is None]
    assert len(winners) == 1
    assert {error.existing_id for error in outcomes if isinstance(error, PackageExists)} == {winners[0].id}
    assert sum(isinstance(error, PackageExists) for error in outcomes) == 15


async def test_an_expired_answer_counts_no_more_though_it_is_still_there(
    packages: DynamoPackageStore, clock: ManualClock
) -> None:
    kept = make_idempotency_record(key="alice:/package:1", expires_at=clock.now() + timedelta(hours=1))
    first = package(version="1.0.0")
    await packages.add(first, change(first, kept))
    second = package(version="2.0.0")
    with pytest.raises(AlreadyAnswered):
        await packages.add(second, change(second, kept))

    clock.advance(timedelta(hours=2))

    await packages.add(
        second, change(second, make_idempotency_record(key=kept.key, expires_at=clock.now() + timedelta(hours=1)))
    )


async def test_ids_that_no_package_has_are_left_out_of_many(packages: DynamoPackageStore) -> None:
    published = [package(version=f"1.0.{number}") for number in range(60)]
    await fill(packages, published)
    ids = [each.id for each in reversed(published)]

    found = await packages.get_many([ids[0], make_id(), *ids[1:]])

    assert [each.id for each in found] == ids


async def test_a_request_from_before_the_upgrade_gets_its_response_again(
    table: DynamoTable, clock: ManualClock
) -> None:
    body, expires = b'{"id":"0193"}', clock.now() + timedelta(hours=1)
    old: Item = {
        **keys.idempotency_key("k"),
        "fingerprint": text("f"),
        "answer_status": number(202),
        "headers": binary(b'[["Location","/package/0193"]]'),
        "body": binary(body),
        "expires": text(expires.isoformat()),
        "expires_at": number(int(expires.timestamp())),
    }
    await table.transact([table.put(old)])
    record = await DynamoIdempotencyStore(table, clock=clock).find("k")
    assert record is not None
    assert (record.fingerprint, record.made_id) == ("f", "0193")
    assert decode_response(record.response) == (202, (("Location", "/package/0193"),), body)
