"""What operators and the background sweep need. Here alone the table is scanned."""

import math
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.accounts import account_item, read_account
from registry.adapters.dynamodb.changes import RESET, change_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.ended_webhooks import clear_ended_webhooks
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.table import ttl_attribute
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.accounts import Account
from registry.ports.clock import Clock

_RESET_KEY = keys.key("reset", "reset")


class DynamoRecordMaintenance:
    """Implements `RecordMaintenance`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def live_blob_keys(self, blob_keys: Sequence[str]) -> set[str]:
        blobs = dict.fromkeys(map(keys.blob_of, blob_keys))
        items = await self._table.batch_get([keys.blob_key(blob) for blob in blobs])
        live = {attribute(item, "pk").removeprefix("B#") for item in items}
        return {blob for blob in blob_keys if keys.blob_of(blob) in live}

    async def list_contents(self) -> AsyncIterator[tuple[str, str, int, str]]:
        values = {":record": text("record")}
        async for items in self._table.scan("sk = :record AND attribute_exists(blob_key)", values):
            for item in items:
                yield (
                    attribute(item, "id"),
                    attribute(item, "blob_key"),
                    int(attribute(item, "size", "N")),
                    attribute(item, "sha256"),
                )

    async def purge_expired(self, now: datetime) -> int:
        """Finish a reset that was cut off, clear up after webhooks, then drop what has expired.

        The last is what the table's TTL does in the usual case.
        """
        await self._finish_reset()
        dropped = await clear_ended_webhooks(self._table, now=now)
        if await ttl_attribute(self._table) is not None:
            return dropped
        values = {":now": number(math.floor(now.timestamp()))}
        async for items in self._table.scan("expires_at <= :now", values):
            for item in items:
                dropped += await self._drop_expired(keys.key_of(item), values)
        return dropped

    async def reset(self, admin: Account) -> None:
        """Drop every record and keep `admin`.

        No engine call drops a table's items at once, so readers may see some of them gone before others. What is
        promised: the reset is recorded first, and one that was cut off is finished by the next sweep.
        """
        pending: Item = {**account_item(admin), **_RESET_KEY}
        await self._table.batch_write([{"PutRequest": {"Item": pending}}])
        await self._finish_reset()

    async def ping(self) -> None:
        await self._table.get(_RESET_KEY)

    async def _finish_reset(self) -> None:
        pending = await self._table.get(_RESET_KEY)
        if pending is None:
            return
        # A write under way can leave a part of itself behind the scan: again, until there is nothing.
        while await self._drop_all() > 0:
            pass
        admin = read_account(pending)
        transaction = Transaction(self._table)
        transaction.put(account_item(admin))
        transaction.put(keys.account_entry_key(admin.name))
        transaction.put(change_item(RESET, now=self._clock.now()))
        transaction.delete(_RESET_KEY)
        await transaction.commit()

    async def _drop_expired(self, key: Item, values: Item) -> bool:
        try:
            await self._table.transact([self._table.delete(key, condition="expires_at <= :now", values=values)])
        except ConditionFailed:
            return False  # written anew since it was read
        return True

    async def _drop_all(self) -> int:
        dropped = 0
        async for items in self._table.scan("pk <> :reset", {":reset": text("reset")}):
            await self._delete(items)
            dropped += len(items)
        return dropped

    async def _delete(self, items: Sequence[Item]) -> None:
        await self._table.batch_write([{"DeleteRequest": {"Key": keys.key_of(item)}} for item in items])
