"""Webhooks. Their secrets are kept as they are, since every delivery is signed with them: the file is its owner's."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.errors import NotFound
from registry.domain.events import EventType
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.webhooks import Webhook
from registry.ports.clock import Clock

_COLUMNS = "id, url, events, secret, created_at, disabled"
_GET = f"SELECT {_COLUMNS} FROM webhooks WHERE id = ?"  # noqa: S608 - fixed texts
_LIST = f"SELECT {_COLUMNS} FROM webhooks WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - fixed texts
_ADD = f"INSERT INTO webhooks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - fixed texts
_FAIL_PENDING = """UPDATE deliveries SET status = 'failed', due_at = NULL, ended_at = ?
    WHERE webhook_id = ? AND status = 'pending'"""


class SqliteWebhookStore:
    """Implements `WebhookStore`."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, webhook: Webhook) -> None:
        row = (
            webhook.id,
            webhook.url,
            " ".join(sorted(webhook.events)),
            webhook.secret,
            to_microseconds(webhook.created_at),
            int(webhook.disabled),
        )
        await self._database.write(lambda connection: connection.execute(_ADD, row).rowcount)

    async def get(self, webhook_id: str) -> Webhook:
        row = self._database.fetch_one(_GET, (webhook_id,))
        if row is None:
            raise unknown_webhook(webhook_id)
        return _webhook(row)

    async def list_webhooks(self, *, limit: int, after: str | None) -> Sequence[Webhook]:
        return [_webhook(row) for row in self._database.fetch_all(_LIST, (after or "", limit))]

    async def disable(self, webhook_id: str) -> None:
        now = to_microseconds(self._clock.now())

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE webhooks SET disabled = 1 WHERE id = ?", (webhook_id,))
            connection.execute(_FAIL_PENDING, (now, webhook_id))

        await self._database.write(operation)

    async def remove(self, webhook_id: str) -> None:
        # Its deliveries may be many: `purge_expired` drops them bit by bit, and nothing reads them from here on.
        def operation(connection: sqlite3.Connection) -> None:
            if connection.execute("DELETE FROM webhooks WHERE id = ?", (webhook_id,)).rowcount == 0:
                raise unknown_webhook(webhook_id)

        await self._database.write(operation)


def unknown_webhook(webhook_id: str) -> NotFound:
    return NotFound(f"There is no webhook {webhook_id}.")


def _webhook(row: Any) -> Webhook:
    webhook_id, url, events, secret, created_at, disabled = row
    return Webhook(
        id=webhook_id,
        url=url,
        events=frozenset(EventType(value) for value in events.split()),
        secret=secret,
        created_at=from_microseconds(created_at),
        disabled=bool(disabled),
    )
