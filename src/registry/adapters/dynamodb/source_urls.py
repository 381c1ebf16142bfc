"""Addresses with secrets of packages that are being fetched, in DynamoDB."""

import math
from datetime import datetime

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item, number, text
from registry.adapters.dynamodb.records import attribute


class DynamoSourceUrlStore:
    """Implements `SourceUrlStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    async def add(self, package_id: str, url: str, *, expires_at: datetime) -> None:
        end = number(math.ceil(expires_at.timestamp()))
        item: Item = {**keys.source_url_key(package_id), "url": text(url), "expires_at": end}
        await self._table.batch_write([{"PutRequest": {"Item": item}}])

    async def find(self, package_id: str) -> str | None:
        item = await self._table.get(keys.source_url_key(package_id))
        if item is None:
            return None
        url: str = attribute(item, "url")
        return url

    async def remove(self, package_id: str) -> None:
        await self._table.batch_write([{"DeleteRequest": {"Key": keys.source_url_key(package_id)}}])
