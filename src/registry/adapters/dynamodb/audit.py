"""The audit trail in DynamoDB."""

from collections.abc import Sequence
from datetime import datetime

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import TRANSACTION_ACTIONS, DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT
from registry.domain.packages import AuditAction, AuditEntry


def audit_item(entry: AuditEntry) -> Item:
    item: Item = {
        **keys.audit_key(entry.package_id, entry.id),
        **keys.waiting_audit_attributes(entry.id),
        "at": text(entry.at.isoformat()),
        "action": text(entry.action.value),
        "revision": number(entry.revision),
    }
    if entry.user is not None:
        item["user"] = text(entry.user)
    if entry.sha256 is not None:
        item["sha256"] = text(entry.sha256)
    return item


def read_entry(item: Item) -> AuditEntry:
    position = attribute(item, "log_position", "N")
    return AuditEntry(
        id=attribute(item, "sk"),
        package_id=attribute(item, "pk").removeprefix("A#"),
        at=datetime.fromisoformat(attribute(item, "at")),
        user=attribute(item, "user"),
        action=AuditAction(attribute(item, "action")),
        revision=int(attribute(item, "revision", "N")),
        sha256=attribute(item, "sha256"),
        position=None if position is None else int(position),
    )


class DynamoAuditStore:
    """Implements `AuditStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        waiting = [audit_item(entry) for entry in {entry.id: entry for entry in entries}.values()]
        for start in range(0, len(waiting), TRANSACTION_ACTIONS):
            await self._put_new(waiting[start : start + TRANSACTION_ACTIONS])

    async def _put_new(self, items: list[Item]) -> None:
        """Put those that are not there yet: put again, an entry would get a second position in the log."""
        while items:
            try:
                await self._table.transact([self._table.put(item, condition=ABSENT) for item in items])
            except ConditionFailed as failed:
                items = [item for place, item in enumerate(items) if place not in failed.items]
            else:
                return

    async def list_entries(self, package_id: str, *, limit: int, after: str | None) -> Sequence[AuditEntry]:
        items, _ = await self._table.query(f"A#{package_id}", after=after, limit=limit, newest_first=True)
        return [read_entry(item) for item in items]
