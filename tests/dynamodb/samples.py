"""The stores on a table, and the tests' factories in short: versions of one package, the change that goes with each."""

import random
from dataclasses import replace
from typing import Any

from registry.adapters.dynamodb import records
from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.api_tokens import DynamoApiTokenStore, TokenOwners
from registry.adapters.dynamodb.audit import DynamoAuditStore
from registry.adapters.dynamodb.audit_log import DynamoAuditLog
from registry.adapters.dynamodb.changes import DynamoChangeFeed
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.deliveries import DynamoDeliveryOutbox
from registry.adapters.dynamodb.derived import DynamoDerivedStore
from registry.adapters.dynamodb.downloads import DynamoDownloadStore
from registry.adapters.dynamodb.health import DynamoHealthLog
from registry.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from registry.adapters.dynamodb.keys import text
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.names import DynamoNameStore
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.ratings import DynamoRatingStore
from registry.adapters.dynamodb.reading import DynamoDocumentReader
from registry.adapters.dynamodb.releases import DynamoReleaseStore
from registry.adapters.dynamodb.scan_requests import DynamoScanRequestStore
from registry.adapters.dynamodb.upgrades import DynamoUpgradeStore
from registry.adapters.dynamodb.verdicts import DynamoVerdictStore
from registry.adapters.dynamodb.webhooks import DynamoWebhookStore
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.listing import PackageFilter
from registry.domain.packages import Change, Package
from registry.ports.clock import Clock
from registry.ports.packages import PackageStore
from tests.conformance.records import Records
from tests.factories import make_change, make_package


def open_records(table: DynamoTable, clock: Clock) -> Records:
    packages, owners = DynamoPackageStore(table, clock=clock), TokenOwners()
    api_tokens = DynamoApiTokenStore(table, owners)
    return Records(
        packages=packages,
        accounts=DynamoAccountStore(table),
        api_tokens=api_tokens,
        reader=DynamoDocumentReader(table, packages, api_tokens, owners),
        audit=DynamoAuditStore(table),
        audit_log=DynamoAuditLog(table, clock),
        idempotency=DynamoIdempotencyStore(table, clock=clock),
        upgrades=DynamoUpgradeStore(table),
        maintenance=DynamoRecordMaintenance(table, clock=clock),
        health=DynamoHealthLog(table),
        changes=DynamoChangeFeed(table, clock=clock),
        ratings=DynamoRatingStore(table),
        verdicts=DynamoVerdictStore(table),
        scan_requests=DynamoScanRequestStore(table),
        webhooks=DynamoWebhookStore(table, clock),
        outbox=DynamoDeliveryOutbox(table, clock),
        derived=DynamoDerivedStore(table),
        names=DynamoNameStore(table),
        downloads=DynamoDownloadStore(table),
        releases=DynamoReleaseStore(table, clock=clock),
    )


def package(name: str = "bert", version: str = "1.0.0", **members: Any) -> Package:
    return make_package(name=name, version=version, **members)


def next_revision(of: Package, **members: Any) -> Package:
    return replace(of, revision=of.revision + 1, **members)


def change(of: Package, idempotency: IdempotencyRecord | None = None) -> Change:
    return make_change(of.id, idempotency=idempotency, revision=of.revision)


def incompressible(length: int, *, seed: int = 1) -> str:
    """Text of ASCII that compression makes hardly smaller; the same each time."""
    noise = random.Random(seed)  # noqa: S311 - nothing secret
    return "".join(chr(noise.randrange(1, 0x80)) for _ in range(length))


async def places(table: DynamoTable) -> set[tuple[str, str]]:
    """The keys of all items but those that stay when packages go: the trail, the order of changes, counts of bytes,
    names, which bytes retired versions had, and upgrades.
    """
    found = [items async for items in table.scan("pk <> :none", {":none": text("-")})]
    return {
        (records.attribute(item, "pk"), records.attribute(item, "sk"))
        for items in found
        for item in items
        if not records.attribute(item, "pk").startswith(("A#", "C#", "Y#", "F#", "S#", "names", "upgrades"))
        and "owners" not in item
        and "retired_sha256" not in item
    }


async def fill(packages: DynamoPackageStore, wanted: list[Package]) -> None:
    """Add these packages, one after the other."""
    for each in wanted:
        await packages.add(each, change(each))


async def walk(packages: PackageStore, wanted: PackageFilter, *, limit: int) -> list[str]:
    """The ids on all pages."""
    ids: list[str] = []
    after: str | None = None
    while True:
        page = await packages.list_page(wanted, limit=limit, after=after)
        ids += [item.id for item in page.items]
        after = page.next_after
        if after is None:
            return ids
