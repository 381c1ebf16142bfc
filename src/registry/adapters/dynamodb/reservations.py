"""Quotas that hold however many write at once, without an item that all of a user's writes would meet at.

What a user stores is counted in shards, which no condition can sum. So who wants to add bytes puts a reservation first
and counts afterwards: the reservations, then the open uploads, then the shards. Of any two, the one that reserved later
counts what the other reserved, or what that has become: bytes move in this order only, and each step is a transaction
that ends the reservation or the upload with it. A reservation that a crash left behind ends with its time.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from random import SystemRandom

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import Transaction
from registry.domain.errors import QuotaReached, RegistryError, Throttled, Unavailable
from registry.domain.quotas import Quota

_LIFETIME_SECONDS = 60
"""Much longer than a transaction may take, and than the clocks of two hosts differ."""
_ATTEMPTS = 6
_RANDOM = SystemRandom()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room that a write has for `_LIFETIME_SECONDS`."""

    key: Item
    now: datetime

    def become(self, transaction: Transaction) -> None:
        """End it with the write that takes its place. The transaction raises Unavailable when its time is over."""
        transaction.delete_if(
            self.key,
            "expires_at > :now",
            {":now": number(int(self.now.timestamp()))},
            otherwise=lambda _: Unavailable("The record store took too long. Try again."),
        )


@asynccontextmanager
async def reserved(
    table: DynamoTable, quota: Quota | None, *, added: int, uploads: int = 0, now: Callable[[], datetime]
) -> AsyncIterator[Reservation | None]:
    """Room for `added` bytes and `uploads` more open uploads; None where nothing has to be counted.

    Raises QuotaReached, Throttled.
    """
    if quota is None or added <= 0:
        yield None
        return
    reservation = await _reserve(table, quota, added, uploads, now)
    try:
        yield reservation
    except Unavailable:
        raise  # the write may have been made: its time decides
    except RegistryError:
        await _drop(table, reservation)
        raise


async def _reserve(
    table: DynamoTable, quota: Quota, added: int, uploads: int, now: Callable[[], datetime]
) -> Reservation:
    attempt = 1
    while True:
        reservation = await _put(table, quota.user, added, uploads, now())
        try:
            await _check(table, quota, reservation, added=added, uploads=uploads)
        except (QuotaReached, Throttled):
            await _drop(table, reservation)
            raise
        except _Crowded:
            await _drop(table, reservation)
            if attempt == _ATTEMPTS:
                raise Unavailable("Others of this user's writes are under way. Try again.") from None
        except BaseException:
            await _drop(table, reservation)
            raise
        else:
            return reservation
        await asyncio.sleep(_RANDOM.random() * 0.05 * 2**attempt)
        attempt += 1


class _Crowded(Exception):
    """Without what others have reserved, and may not use, there is room."""


async def _check(table: DynamoTable, quota: Quota, own: Reservation, *, added: int, uploads: int) -> None:
    reserved_bytes, reserved_uploads = 0, 0
    for item in await table.query_all(keys.reservations_of(quota.user)):
        alive = int(attribute(item, "expires_at", "N")) + _LIFETIME_SECONDS > own.now.timestamp()
        if alive and keys.key_of(item) != own.key:
            reserved_bytes += int(attribute(item, "bytes", "N"))
            reserved_uploads += int(attribute(item, "uploads", "N"))
    entries = await table.query_all(keys.uploads_of(quota.user))
    opened = await table.batch_get([keys.upload_key(attribute(entry, "id")) for entry in entries])
    stored = sum(int(attribute(item, "bytes", "N")) for item in await table.query_all(keys.usage_of(quota.user)))
    settled = stored + sum(int(attribute(item, "size", "N")) for item in opened)
    quota.check_bytes(settled, added)
    if uploads:
        quota.check_uploads(len(opened) + uploads)
    if settled + reserved_bytes + added > quota.bytes:
        raise _Crowded
    if uploads and len(opened) + reserved_uploads + uploads > quota.uploads:
        raise _Crowded


async def _put(table: DynamoTable, user: str, added: int, uploads: int, now: datetime) -> Reservation:
    key = keys.key(keys.reservations_of(user), uuid.uuid4().hex)
    expires_at = int(now.timestamp()) + _LIFETIME_SECONDS
    item: Item = {**key, "bytes": number(added), "uploads": number(uploads), "expires_at": number(expires_at)}
    await table.batch_write([{"PutRequest": {"Item": item}}])
    return Reservation(key, now)


async def _drop(table: DynamoTable, reservation: Reservation) -> None:
    with contextlib.suppress(Unavailable):
        await table.batch_write([{"DeleteRequest": {"Key": reservation.key}}])
