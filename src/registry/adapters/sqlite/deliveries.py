"""The outbox of deliveries. How `due_at` keeps the order is explained in `schema.py`."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.errors import NotFound
from registry.domain.events import Event, EventType
from registry.domain.pages import AFTER_ALL_IDS
from registry.domain.times import from_microseconds, to_microseconds
from registry.domain.webhooks import Delivery, DeliveryStatus, payload_of
from registry.ports.clock import Clock

_COLUMNS = "d.id, d.webhook_id, event, package_id, payload, at, status, attempts, earlier_attempts, response_status"
_LIVE = "webhooks AS w CROSS JOIN deliveries AS d ON d.webhook_id = w.id"
_SUBSCRIBED = "SELECT id FROM webhooks WHERE disabled = 0 AND instr(' ' || events || ' ', ?)"
_BEHIND_ANOTHER = "EXISTS (SELECT 1 FROM deliveries WHERE webhook_id = ? AND package_id = ? AND status = 'pending')"
_ADD = f"""INSERT OR IGNORE INTO deliveries
    (id, webhook_id, event, package_id, payload, at, status, attempts, earlier_attempts, due_at)
    VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, 0, CASE WHEN {_BEHIND_ANOTHER} THEN NULL ELSE ? END)"""  # noqa: S608
_DUE_WEBHOOKS = """SELECT id FROM webhooks AS w WHERE disabled = 0 AND EXISTS
    (SELECT 1 FROM deliveries WHERE webhook_id = w.id AND due_at <= ?)"""
_DUE = f"""SELECT d.number, {_COLUMNS} FROM {_LIVE}
    WHERE w.id = ? AND w.disabled = 0 AND due_at <= ? ORDER BY due_at, d.number LIMIT ?"""  # noqa: S608
_LEASE = "UPDATE deliveries SET attempts = attempts + 1, at = ?, due_at = ? WHERE number = ?"
_SETTLE = """UPDATE deliveries SET status = ?, response_status = ?, at = ?, due_at = ?, ended_at = ?
    WHERE webhook_id = ? AND id = ? AND attempts = ? AND status = 'pending'"""
_LET_NEXT_GO = """UPDATE deliveries SET due_at = ? WHERE number = (SELECT min(number) FROM deliveries
    WHERE webhook_id = ? AND package_id = ? AND status = 'pending')"""
_REPLAY = f"""UPDATE deliveries SET status = 'pending', earlier_attempts = attempts, ended_at = NULL,
    due_at = CASE WHEN {_BEHIND_ANOTHER} THEN NULL ELSE ? END
    WHERE webhook_id = ? AND id = ? AND status != 'pending'"""  # noqa: S608
_GET = f"SELECT {_COLUMNS} FROM {_LIVE} WHERE d.webhook_id = ? AND d.id = ?"  # noqa: S608
_LIST = f"SELECT {_COLUMNS} FROM {_LIVE} WHERE w.id = ? AND d.id < ? ORDER BY d.id DESC LIMIT ?"  # noqa: S608
_DEPTH = f"SELECT count(*) FROM {_LIVE} WHERE w.disabled = 0 AND status = 'pending'"  # noqa: S608


class SqliteDeliveryOutbox:
    """Implements `DeliveryOutbox`. A lease is told from later ones by the count of attempts."""

    def __init__(self, database: SqliteDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _now(self) -> int:
        return to_microseconds(self._clock.now())

    async def due_webhooks(self) -> Sequence[str]:
        return [webhook_id for (webhook_id,) in self._database.fetch_all(_DUE_WEBHOOKS, (self._now(),))]

    async def lease(self, webhook_id: str, *, limit: int, lease_seconds: float) -> Sequence[Delivery]:
        now = self._now()
        lease_ends = now + int(lease_seconds * 1_000_000)

        def operation(connection: sqlite3.Connection) -> list[Delivery]:
            rows = connection.execute(_DUE, (webhook_id, now, limit)).fetchall()
            connection.executemany(_LEASE, [(now, lease_ends, number) for number, *_ in rows])
            leased = [_delivery(rest) for _, *rest in rows]
            return [replace(each, attempts=each.attempts + 1, at=from_microseconds(now)) for each in leased]

        return await self._database.write(operation)

    async def settle(self, delivery: Delivery, *, retry_at: datetime | None = None) -> bool:
        now = self._now()
        ended = delivery.status is not DeliveryStatus.PENDING
        row = (
            delivery.status.value,
            delivery.response_status,
            to_microseconds(delivery.at),
            None if retry_at is None else to_microseconds(retry_at),
            now if ended else None,
            delivery.webhook_id,
            delivery.id,
            delivery.attempts,
        )

        def operation(connection: sqlite3.Connection) -> bool:
            if connection.execute(_SETTLE, row).rowcount == 0:
                return False
            if ended and delivery.package_id is not None:
                connection.execute(_LET_NEXT_GO, (now, delivery.webhook_id, delivery.package_id))
            return True

        return await self._database.write(operation)

    async def add(self, delivery: Delivery) -> None:
        now = self._now()
        await self._database.write(lambda connection: _insert(connection, delivery, now=now))

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        now = self._now()

        def operation(connection: sqlite3.Connection) -> Delivery:
            row = connection.execute(_GET, (webhook_id, delivery_id)).fetchone()
            if row is None:
                raise NotFound(f"There is no delivery {delivery_id} of this webhook.")
            delivery = _delivery(row)
            connection.execute(_REPLAY, (webhook_id, delivery.package_id, now, webhook_id, delivery_id))
            return _delivery(connection.execute(_GET, (webhook_id, delivery_id)).fetchone())

        return await self._database.write(operation)

    async def list_deliveries(self, webhook_id: str, *, limit: int, after: str | None) -> Sequence[Delivery]:
        rows = self._database.fetch_all(_LIST, (webhook_id, after or AFTER_ALL_IDS, limit))
        return [_delivery(row) for row in rows]

    async def depth(self) -> int:
        (count,) = await self._database.read(lambda connection: connection.execute(_DEPTH).fetchone())
        return int(count)


def record_events(connection: sqlite3.Connection, events: Sequence[Event], *, now: int) -> None:
    """Make the deliveries of events, within the transaction under way. `now` in microseconds."""
    subscribed = {
        kind: connection.execute(_SUBSCRIBED, (f" {kind.value} ",)).fetchall()
        for kind in {each.type for each in events}
    }
    for event in events:
        for (webhook_id,) in subscribed[event.type]:
            delivery = Delivery(event.id, webhook_id, event.type, event.package_id, payload_of(event), event.at)
            _insert(connection, delivery, now=now)


def _insert(connection: sqlite3.Connection, delivery: Delivery, *, now: int) -> None:
    connection.execute(
        _ADD,
        (
            delivery.id,
            delivery.webhook_id,
            delivery.event.value,
            delivery.package_id,
            delivery.payload,
            to_microseconds(delivery.at),
            delivery.webhook_id,
            delivery.package_id,
            now,
        ),
    )


def _delivery(row: Any) -> Delivery:
    delivery_id, webhook_id, event, package_id, payload, at, status, attempts, earlier_attempts, response_status = row
    return Delivery(
        id=delivery_id,
        webhook_id=webhook_id,
        event=EventType(event),
        package_id=package_id,
        payload=payload,
        at=from_microseconds(at),
        status=DeliveryStatus(status),
        attempts=attempts,
        earlier_attempts=earlier_attempts,
        response_status=response_status,
    )
