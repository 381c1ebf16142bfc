"""What operators and the background sweep need. Here alone the table is scanned."""

import contextlib
import math
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from registry.adapters.dynamodb import account_keys, keys, listing_keys, name_keys
from registry.adapters.dynamodb.accounts import account_item, read_account
from registry.adapters.dynamodb.admins import admins_item
from registry.adapters.dynamodb.changes import RESET, change_item
from registry.adapters.dynamodb.client import TRANSACTION_ACTIONS, DynamoTable
from registry.adapters.dynamodb.ended_webhooks import clear_ended_webhooks
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Action, Item, number, text
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.relisting import ListingUpgrade
from registry.adapters.dynamodb.table import ttl_attribute
from registry.domain.accounts import Account
from registry.ports.clock import Clock

_RESET_KEY = keys.key("reset", "reset")
_SAME_RESET = "reset_token = :token"
_DROPPED_AT_ONCE = TRANSACTION_ACTIONS - 1


class DynamoRecordMaintenance:
    """Implements `RecordMaintenance`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._listings = ListingUpgrade(table)

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
        promised: the reset is recorded first, one that was cut off is finished by the next sweep, and once it has
        returned nothing is dropped any more, whoever else was at it.
        """
        pending: Item = {**account_item(admin), **_RESET_KEY, "reset_token": text(uuid.uuid4().hex)}
        # A transaction, since a try that arrives late must not bring back a reset that has ended.
        await self._table.transact([self._table.put(pending)])
        await self._finish_reset()

    async def upgrade_listings(self) -> bool:
        return await self._listings.step()

    async def ping(self) -> None:
        await self._table.get(_RESET_KEY)

    async def _finish_reset(self) -> None:
        """Return once no reset is pending: another process may finish this one meanwhile, or begin the next."""
        while (pending := await self._table.get(_RESET_KEY)) is not None:
            with contextlib.suppress(ConditionFailed):
                await self._carry_out(pending)

    async def _carry_out(self, pending: Item) -> None:
        """Raises ConditionFailed when this reset has ended: what is there by then was published after it."""
        own: Item = {":token": pending["reset_token"]}
        guard = self._table.check(_RESET_KEY, condition=_SAME_RESET, values=own)
        # A write under way can leave a part of itself behind the scan: again, until there is nothing.
        while await self._drop_all(guard) > 0:
            pass
        admin = read_account(pending)
        await self._table.transact(
            [
                self._table.delete(_RESET_KEY, condition=_SAME_RESET, values=own),
                self._table.put(account_item(admin)),
                self._table.put(account_keys.account_entry_key(admin.name)),
                self._table.put(name_keys.MIGRATED),
                self._table.put(listing_keys.LISTED),
                self._table.put(admins_item(admin.name)),
                self._table.put(change_item(RESET, now=self._clock.now())),
            ]
        )

    async def _drop_expired(self, key: Item, values: Item) -> bool:
        try:
            await self._table.transact([self._table.delete(key, condition="expires_at <= :now", values=values)])
        except ConditionFailed:
            return False  # written again since it was read
        return True

    async def _drop_all(self, guard: Action) -> int:
        dropped = 0
        async for items in self._table.scan("pk <> :reset", {":reset": text("reset")}):
            # Items of one call of a scan are 1 MB at most, a transaction takes 4 MB.
            for start in range(0, len(items), _DROPPED_AT_ONCE):
                await self._drop(items[start : start + _DROPPED_AT_ONCE], guard)
            dropped += len(items)
        return dropped

    async def _drop(self, items: Sequence[Item], guard: Action) -> None:
        await self._table.transact([guard, *(self._table.delete(keys.key_of(item)) for item in items)])
