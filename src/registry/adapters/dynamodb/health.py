"""The components' health in DynamoDB, minute by minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, number
from registry.adapters.dynamodb.records import attribute
from registry.domain.documents import format_time, parse_time
from registry.ports.health import HealthSample

KEPT = timedelta(hours=25)
"""The longest window that can be asked for is 24 hours."""


class DynamoHealthLog:
    """Implements `HealthLog`: samples are added up in the engine, so processes need not know of each other.

    One partition takes them all: a process writes a few items a minute. Where an answer is lost and the call made
    again, a sample counts twice.
    """

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def record(self, samples: Sequence[HealthSample]) -> None:
        for sample in samples:
            key = keys.key("health", f"{format_time(sample.minute)}#{sample.component}")
            summed = await self._update(
                key,
                "SET expires_at = :expires, max_seconds = if_not_exists(max_seconds, :max) "
                "ADD calls :calls, errors :errors, total_seconds :total",
                {
                    ":expires": number(int((sample.minute + KEPT).timestamp())),
                    ":max": number(sample.max_seconds),
                    ":calls": number(sample.calls),
                    ":errors": number(sample.errors),
                    ":total": number(sample.total_seconds),
                },
            )
            if float(attribute(summed, "max_seconds", "N")) < sample.max_seconds:
                await self._raise_max(key, sample.max_seconds)

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        # `#` ends the time in a key, so that of `since` itself comes after it.
        return [_read_sample(item) for item in await self._table.query_all("health", after=format_time(since))]

    async def _raise_max(self, key: Item, seconds: float) -> None:
        try:
            await self._update(key, "SET max_seconds = :max", {":max": number(seconds)}, condition="max_seconds < :max")
        except ConditionFailed:
            return  # another process saw a longer call meanwhile

    async def _update(self, key: Item, expression: str, values: Item, *, condition: str = "") -> Item:
        call = partial(
            self._table.client.update_item,
            TableName=self._table.name,
            Key=key,
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        if condition:
            call = partial(call, ConditionExpression=condition)
        answer = await self._table.call("UpdateItem", call)
        return answer["Attributes"]


def _read_sample(item: Item) -> HealthSample:
    minute, _, component = attribute(item, "sk").partition("#")
    return HealthSample(
        minute=parse_time(minute),
        component=component,
        calls=int(attribute(item, "calls", "N")),
        errors=int(attribute(item, "errors", "N")),
        total_seconds=float(attribute(item, "total_seconds", "N")),
        max_seconds=float(attribute(item, "max_seconds", "N")),
    )
