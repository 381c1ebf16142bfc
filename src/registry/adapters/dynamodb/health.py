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
_BUCKET = "bucket_"


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
            counted = {_bucket(place): count for place, count in enumerate(sample.buckets) if count}
            added = {"calls": sample.calls, "errors": sample.errors, "total_seconds": sample.total_seconds, **counted}
            highest = {"max_seconds": sample.max_seconds, "max_depth": sample.depth}
            first = [f"{name} = if_not_exists({name}, :{name})" for name in highest]
            summed = await self._update(
                key,
                f"SET expires_at = :expires, {', '.join(first)} ADD {', '.join(f'{name} :{name}' for name in added)}",
                {
                    ":expires": number(int((sample.minute + KEPT).timestamp())),
                    **{f":{name}": number(value) for name, value in {**highest, **added}.items()},
                },
            )
            for name, value in highest.items():
                if float(attribute(summed, name, "N")) < value:
                    await self._raise(key, name, value)

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        # `#` ends the time in a key, so that of `since` itself comes after it.
        return [_read_sample(item) for item in await self._table.query_all("health", after=format_time(since))]

    async def _raise(self, key: Item, name: str, value: float) -> None:
        try:
            await self._update(key, f"SET {name} = :value", {":value": number(value)}, condition=f"{name} < :value")
        except ConditionFailed:
            return  # another process saw a higher one meanwhile

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
        buckets=_read_buckets(item),
        depth=int(attribute(item, "max_depth", "N")) if "max_depth" in item else 0,
    )


def _bucket(place: int) -> str:
    """An attribute for each bucket, since numbers are all that the engine adds up."""
    return f"{_BUCKET}{place}"


def _read_buckets(item: Item) -> tuple[int, ...]:
    places = [int(name.removeprefix(_BUCKET)) for name in item if name.startswith(_BUCKET)]
    names = [_bucket(place) for place in range(max(places, default=-1) + 1)]
    return tuple(int(attribute(item, name, "N")) if name in item else 0 for name in names)
