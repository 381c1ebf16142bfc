"""How many calls to the engine each port method makes, and that none of them scans."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.audit import DynamoAuditStore
from registry.adapters.dynamodb.changes import DynamoChangeFeed
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from registry.adapters.dynamodb.keys import Action
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.domain.audit_log import AuditFilter
from registry.domain.errors import PermissionDenied
from registry.domain.events import EventType
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.versions import VersionRange
from registry.domain.visibility import Viewer
from registry.domain.webhooks import DeliveryStatus
from tests.conformance.webhook_records import add_with_event
from tests.dynamodb.samples import change, incompressible, next_revision, open_records, package
from tests.engines.tables import CallCounter
from tests.factories import (
    ManualClock,
    make_account,
    make_api_token,
    make_audit_entry,
    make_change,
    make_content,
    make_event,
    make_health_sample,
    make_id,
    make_idempotency_record,
    make_webhook,
)

pytestmark = pytest.mark.performance

SHARDED = {"Query": 4}
NARROW = {"Query": 1}
OF_A_VERSION = {"Query": 1, "BatchGetItem": 1}
"""Entries by version have no summary."""


async def count(calls: CallCounter, method: Callable[[], Awaitable[object]]) -> dict[str, int]:
    """The calls that one use of a method makes."""
    calls.clear()
    await method()
    return dict(calls)


async def test_reads_and_changes_of_a_package(packages: DynamoPackageStore, calls: CallCounter) -> None:
    first = package(tags=("nlp", "tiny"), readme=incompressible(20_000), content=make_content())
    second = next_revision(first, description="new", tags=("vision",), readme=None)

    assert await count(calls, lambda: packages.add(first, change(first))) == {"TransactWriteItems": 1}
    # A README in an item of its own is read once in a process.
    assert await count(calls, lambda: packages.find_document(first.id)) == {"Query": 1, "GetItem": 1}
    assert await count(calls, lambda: packages.find_document(first.id)) == {"Query": 1}
    assert await count(calls, lambda: packages.find_document(make_id())) == {"Query": 1}
    assert await count(calls, lambda: packages.get(first.id)) == {"Query": 1}
    assert await count(calls, lambda: packages.replace(second, change(second), expected_revision=1)) == {
        "Query": 1,
        "TransactWriteItems": 1,
    }
    assert await count(calls, lambda: packages.list_versions(["bert", "bert"])) == {"Query": 1}
    assert await count(calls, lambda: packages.find_version(first.type, first.name, first.version)) == {"GetItem": 1}
    assert await count(calls, lambda: packages.remove(first.id, change(second), expected_revision=2)) == {
        "Query": 1,  # the record; without a rating there is no receipt
        "BatchGetItem": 1,  # the name's aliases, and whether the version was retired before
        "TransactWriteItems": 1,
    }


@pytest.mark.parametrize(
    ("name", "before", "actions"), [("bert", 1, 16), ("bert", 0, 17), ("acme/bert", 0, 19), ("acme/bert", 1, 16)]
)
async def test_owners_are_one_condition_in_a_publish(
    packages: DynamoPackageStore,
    table: DynamoTable,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    before: int,
    actions: int,
) -> None:
    """The figures of docs/names.md."""
    counted: list[int] = []
    transact = table.transact

    async def counting(wanted: Sequence[Action]) -> None:
        counted.append(len(wanted))
        await transact(wanted)

    monkeypatch.setattr(table, "transact", counting)
    for number in range(before + 1):
        published = package(name=name, version=f"1.0.{number}", content=make_content())
        await packages.add(published, make_change(published.id, overrides_owners=False))
    assert counted[-1] == actions


async def test_a_further_name_in_a_namespace_that_the_process_knows_is_one_condition_less(
    packages: DynamoPackageStore, table: DynamoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    transact = table.transact

    async def counting(wanted: Sequence[Action]) -> None:
        counted.append(len(wanted))
        await transact(wanted)

    monkeypatch.setattr(table, "transact", counting)
    for name in ("acme/bert", "acme/gpt"):
        published = package(name=name, content=make_content())
        await packages.add(published, make_change(published.id, overrides_owners=False))
    assert counted == [19, 18]
    refused = package(name="acme/other", content=make_content())
    with pytest.raises(PermissionDenied):
        await packages.add(refused, make_change(refused.id, user="mallory", overrides_owners=False))


async def test_many_packages_at_once(packages: DynamoPackageStore, calls: CallCounter) -> None:
    ids = [make_id() for _ in range(101)]

    assert await count(calls, lambda: packages.get_many(ids[:50])) == {"BatchGetItem": 1}
    assert await count(calls, lambda: packages.get_many(ids)) == {"BatchGetItem": 2}
    assert await count(calls, lambda: packages.get_many([])) == {}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (PackageFilter(), SHARDED),
        (PackageFilter(order=Order.OLDEST), SHARDED),
        (PackageFilter(type=PackageType.MODEL), SHARDED),
        (PackageFilter(name="bert"), NARROW),
        (PackageFilter(name="bert", type=PackageType.MODEL, versions=VersionRange.parse("^1.0.0")), NARROW),
        (PackageFilter(tag="nlp"), NARROW),
        (PackageFilter(created_by="alice"), NARROW),
        (PackageFilter(versions=VersionRange.parse("1.0.7")), OF_A_VERSION),
        (PackageFilter(versions=VersionRange.parse("~1.0.0")), OF_A_VERSION),
        (PackageFilter(versions=VersionRange.parse("^1.0.0")), OF_A_VERSION),
        (PackageFilter(versions=VersionRange.parse("1.0.0-3.0.0")), {"Query": 3, "BatchGetItem": 1}),
        (PackageFilter(versions=VersionRange.parse("0.0.0-900.0.0")), SHARDED),
        (PackageFilter(status=None, name="bert", viewer=Viewer("bob")), {"Query": 6}),
    ],
)
async def test_a_page_costs_its_partitions(
    packages: DynamoPackageStore, calls: CallCounter, wanted: PackageFilter, expected: dict[str, int]
) -> None:
    for number in range(12):
        published = package(version=f"1.0.{number}", tags=("nlp",))
        await packages.add(published, change(published))

    for limit in (1, 12, 100):
        if limit == 1 and wanted.versions is not None:
            continue  # what a range leaves out is read too
        assert await count(calls, lambda n=limit: packages.list_page(wanted, limit=n, after=None)) == expected  # type: ignore[misc]


async def test_a_page_of_two_hundred(packages: DynamoPackageStore, calls: CallCounter) -> None:
    for number in range(210):
        published = package(version=f"1.0.{number}")
        await packages.add(published, change(published))

    counted = await count(calls, lambda: packages.list_page(PackageFilter(), limit=200, after=None))

    assert counted.keys() == {"Query"}
    assert 4 <= counted["Query"] <= 8  # a shard may hold more than was asked of it


async def test_accounts(table: DynamoTable, calls: CallCounter, clock: ManualClock) -> None:
    accounts = DynamoAccountStore(table)
    account = make_account()
    expires_at = clock.now() + timedelta(hours=1)

    # Whether there is an item with the admins, or are accounts from before it, matters to the first one only.
    first = await count(calls, lambda: accounts.add(make_account()))
    assert first == {"GetItem": 1, "Query": 1, "TransactWriteItems": 1}
    assert await count(calls, lambda: accounts.add(account)) == {"GetItem": 1, "TransactWriteItems": 1}
    assert await count(calls, lambda: accounts.find_session(account.name, "token")) == {"BatchGetItem": 1}
    assert await count(calls, lambda: accounts.get(account.name)) == {"GetItem": 1}
    assert await count(calls, lambda: accounts.list_accounts(limit=100, after=None)) == {"Query": 1, "BatchGetItem": 1}
    assert await count(calls, lambda: accounts.revoke_token("token", expires_at=expires_at)) == {"BatchWriteItem": 1}


async def test_api_tokens(table: DynamoTable, calls: CallCounter, clock: ManualClock) -> None:
    records = open_records(table, clock)
    owner, token, published = make_account(name="alice"), make_api_token(), package()
    await records.accounts.add(owner)
    assert await count(calls, lambda: records.api_tokens.add(token)) == {"TransactWriteItems": 1}
    await records.packages.add(published, change(published))

    # Whose the token is, a process learns when it first meets it.
    read = partial(records.reader.find_for_grant, published.id, digest=token.digest)
    assert await count(calls, read) == {"BatchGetItem": 1, "GetItem": 1}
    assert await count(calls, read) == {"BatchGetItem": 1}
    assert await count(calls, lambda: records.api_tokens.find_grant(token.digest)) == {"BatchGetItem": 1}
    assert await count(calls, lambda: records.api_tokens.list_tokens("alice", limit=50, after=None)) == {
        "Query": 1,
        "BatchGetItem": 1,
    }
    assert await count(calls, lambda: records.api_tokens.record_use({token.digest: clock.now()})) == {
        "TransactWriteItems": 1
    }
    assert await count(calls, lambda: records.api_tokens.remove(token)) == {"TransactWriteItems": 1}


async def test_the_log_of_audit_entries(table: DynamoTable, calls: CallCounter, clock: ManualClock) -> None:
    records = open_records(table, clock)
    await records.audit.append([make_audit_entry("package") for _ in range(80)])
    # The head, those that wait, the entries themselves, the last tile, and one transaction.
    assert await count(calls, records.audit_log.sequence) == {
        "GetItem": 1,
        "Query": 8,
        "BatchGetItem": 2,
        "TransactWriteItems": 1,
    }
    page = partial(records.audit_log.list_entries, AuditFilter(), limit=50, below=None)
    assert await count(calls, page) == {"GetItem": 1, "BatchGetItem": 2}


async def test_the_rest(table: DynamoTable, calls: CallCounter, clock: ManualClock) -> None:
    answers = DynamoIdempotencyStore(table, clock=clock)
    audit = DynamoAuditStore(table)
    changes = DynamoChangeFeed(table, clock=clock)
    health = DynamoHealthLog(table)
    maintenance = DynamoRecordMaintenance(table, clock=clock)
    clock.advance(timedelta(minutes=30))
    entries = [make_audit_entry("package") for _ in range(25)]
    cursor = await changes.latest()

    assert await count(calls, lambda: answers.find("key")) == {"GetItem": 1}
    assert await count(calls, lambda: audit.append(entries)) == {"TransactWriteItems": 1}
    assert await count(calls, lambda: audit.list_entries("package", limit=200, after=None)) == {"Query": 1}
    assert await count(calls, lambda: changes.read(cursor, limit=100)) == {"Query": 4}
    assert await count(calls, lambda: health.record([make_health_sample()])) == {"UpdateItem": 1}
    assert await count(calls, lambda: maintenance.live_blob_keys([str(n) for n in range(100)])) == {"BatchGetItem": 1}
    assert await count(calls, lambda: maintenance.ping()) == {"GetItem": 1}


async def test_ratings_that_wait_are_counted_shard_by_shard(
    table: DynamoTable, calls: CallCounter, clock: ManualClock
) -> None:
    records = open_records(table, clock)
    for number in range(5):
        published = package(version=f"1.0.{number}")
        await records.packages.add(published, change(published))

    assert await count(calls, records.ratings.count_requests) == {"Query": 4}
    assert await records.ratings.count_requests() == 5


async def test_what_is_written_for_an_answer_is_one_transaction(
    packages: DynamoPackageStore, calls: CallCounter, clock: ManualClock
) -> None:
    published = package(status=PackageStatus.PENDING)
    kept = make_idempotency_record(key="key", expires_at=clock.now() + timedelta(hours=1), response=b"x" * 10_000)

    assert await count(calls, lambda: packages.add(published, change(published, kept))) == {"TransactWriteItems": 1}


async def test_events_and_deliveries(table: DynamoTable, calls: CallCounter, clock: ManualClock) -> None:
    records = open_records(table, clock)
    await records.packages.add(first := package(version="0.1.0"), change(first))
    outbox, webhooks = records.outbox, records.webhooks
    webhook, other = make_webhook(), make_webhook(events=frozenset({EventType.UPLOAD_EXPIRED}))
    published = package()
    told = make_change(published.id, events=(make_event(published.id),))
    events = 4  # the shards of what was not told yet

    assert await count(calls, lambda: webhooks.add(webhook)) == {"Query": events, "TransactWriteItems": 1}
    await webhooks.add(other)
    assert await count(calls, lambda: records.packages.add(published, told)) == {"TransactWriteItems": 1}
    assert await count(calls, outbox.due_webhooks) == {
        "Query": events + 1 + 1 + 2,  # the webhooks, for the event and anew; what is due of each
        "TransactWriteItems": 1,
    }
    assert await count(calls, outbox.due_webhooks) == {"Query": events + 1 + 2}

    calls.clear()
    leased = await outbox.lease(webhook.id, limit=4, lease_seconds=30)
    assert dict(calls) == {"Query": events + 1, "GetItem": 1, "BatchGetItem": 1, "TransactWriteItems": 1}
    delivered = replace(leased[0], status=DeliveryStatus.DELIVERED)
    assert await count(calls, lambda: outbox.settle(delivered)) == {"BatchGetItem": 1, "TransactWriteItems": 1}
    assert await count(calls, lambda: outbox.replay(webhook.id, delivered.id)) == {
        "BatchGetItem": 1,
        "TransactWriteItems": 1,
    }
    assert await count(calls, lambda: outbox.list_deliveries(webhook.id, limit=50, after=None)) == {
        "Query": events + 1,
        "GetItem": 1,
    }
    assert await count(calls, outbox.depth) == {"Query": 1 + 2}  # reads, and tells no event
    assert await count(calls, lambda: webhooks.list_webhooks(limit=100, after=None)) == {"Query": 1}
    assert await count(calls, lambda: webhooks.get(webhook.id)) == {"GetItem": 1}
    assert await count(calls, lambda: webhooks.disable(webhook.id)) == {"Query": events, "TransactWriteItems": 1}
    assert await count(calls, lambda: webhooks.remove(webhook.id)) == {"TransactWriteItems": 1}


async def test_events_that_nobody_wants_are_dropped_by_the_dozen(
    table: DynamoTable, calls: CallCounter, clock: ManualClock
) -> None:
    records = open_records(table, clock)
    for _ in range(25):
        await add_with_event(records)

    assert await count(calls, records.outbox.due_webhooks) == {"Query": 4 + 1 + 1, "BatchWriteItem": 1}
    assert await count(calls, records.outbox.due_webhooks) == {"Query": 4 + 1}
