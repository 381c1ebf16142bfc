"""The audit trail in DynamoDB."""

from collections.abc import Sequence
from datetime import datetime

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.domain.packages import AuditAction, AuditEntry


def audit_item(entry: AuditEntry) -> Item:
    item: Item = {
        **keys.key(f"A#{entry.package_id}", entry.id),
        "at": text(entry.at.isoformat()),
        "action": text(entry.action.value),
        "revision": number(entry.revision),
    }
    if entry.user is not None:
        item["user"] = text(entry.user)
    if entry.sha256 is not None:
        item["sha256"] = text(entry.sha256)
    return item


def _read_entry(package_id: str, item: Item) -> AuditEntry:
    return AuditEntry(
        id=attribute(item, "sk"),
        package_id=package_id,
        at=datetime.fromisoformat(attribute(item, "at")),
        user=attribute(item, "user"),
        action=AuditAction(attribute(item, "action")),
        revision=int(attribute(item, "revision", "N")),
        sha256=attribute(item, "sha256"),
    )


class DynamoAuditStore:
    """Implements `AuditStore`. Entries are put under their own ids, so one that is sent twice is there once."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        items = [audit_item(entry) for entry in {entry.id: entry for entry in entries}.values()]
        await self._table.batch_write([{"PutRequest": {"Item": item}} for item in items])

    async def list_entries(self, package_id: str, *, limit: int, after: str | None) -> Sequence[AuditEntry]:
        items, _ = await self._table.query(f"A#{package_id}", after=after, limit=limit, newest_first=True)
        return [_read_entry(package_id, item) for item in items]
