"""Kept answers in DynamoDB. TTL removes them late, so an expired one is treated as if it were gone."""

import math
from datetime import datetime

import orjson

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.records import attribute
from registry.domain.packages import KeptAnswer
from registry.ports.clock import Clock

NO_ANSWER = "attribute_not_exists(pk) OR expires_at <= :now"
"""The condition under which an answer may be kept; `:now` in seconds since the epoch."""


def answer_item(answer: KeptAnswer) -> Item:
    return {
        **keys.answer_key(answer.key),
        "fingerprint": text(answer.fingerprint),
        "answer_status": number(answer.status),
        "headers": binary(orjson.dumps(answer.headers)),
        "body": binary(answer.body),
        "expires": text(answer.expires_at.isoformat()),
        "expires_at": number(math.ceil(answer.expires_at.timestamp())),
    }


def read_answer(key: str, item: Item | None, *, now: datetime) -> KeptAnswer | None:
    """The answer of an item, None where there is no item or it has expired."""
    if item is None:
        return None
    expires_at = datetime.fromisoformat(attribute(item, "expires"))
    if expires_at <= now:
        return None
    return KeptAnswer(
        key=key,
        fingerprint=attribute(item, "fingerprint"),
        status=int(attribute(item, "answer_status", "N")),
        headers=tuple((name, value) for name, value in orjson.loads(attribute(item, "headers", "B"))),
        body=attribute(item, "body", "B"),
        expires_at=expires_at,
    )


class DynamoAnswerStore:
    """Implements `AnswerStore`."""

    def __init__(self, table: DynamoTable, *, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def find_answer(self, key: str) -> KeptAnswer | None:
        return read_answer(key, await self._table.get(keys.answer_key(key)), now=self._clock.now())
