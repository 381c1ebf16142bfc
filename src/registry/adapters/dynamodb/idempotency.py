"""Idempotency records in DynamoDB. TTL removes them late, so an expired one is treated as if it were gone."""

import math
from datetime import datetime

import orjson

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.records import attribute
from registry.domain.idempotency import IdempotencyRecord
from registry.ports.clock import Clock

NO_RECORD = "attribute_not_exists(pk) OR expires_at <= :now"
"""The condition under which a record may be added; `:now` in seconds since the epoch."""


def idempotency_item(record: IdempotencyRecord) -> Item:
    return {
        **keys.idempotency_key(record.key),
        "fingerprint": text(record.fingerprint),
        "made_id": text(record.made_id),
        "response": binary(record.response),
        "expires": text(record.expires_at.isoformat()),
        "expires_at": number(math.ceil(record.expires_at.timestamp())),
    }


def read_idempotency_record(key: str, item: Item | None, *, now: datetime) -> IdempotencyRecord | None:
    """The record of an item, None where there is no item or it has expired."""
    if item is None:
        return None
    expires_at = datetime.fromisoformat(attribute(item, "expires"))
    if expires_at <= now:
        return None
    made_id, response = attribute(item, "made_id"), attribute(item, "response", "B")
    if response is None:
        made_id, response = _read_earlier(item)
    return IdempotencyRecord(key, attribute(item, "fingerprint"), made_id, response, expires_at)


def _read_earlier(item: Item) -> tuple[str, bytes]:
    """Id and response of a record that version 0.1 wrote; it has expired a day after the upgrade."""
    body = attribute(item, "body", "B")
    headers = orjson.loads(attribute(item, "headers", "B"))
    head = orjson.dumps([int(attribute(item, "answer_status", "N")), headers])
    return orjson.loads(body)["id"], head + b"\n" + body


class DynamoIdempotencyStore:
    """Implements `IdempotencyStore`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def find(self, key: str) -> IdempotencyRecord | None:
        item = await self._table.get(keys.idempotency_key(key))
        return read_idempotency_record(key, item, now=self._clock.now())
