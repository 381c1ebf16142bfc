"""The addresses of packages that are being fetched, in both storage backends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.adapters.dynamodb.source_urls import DynamoSourceUrlStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.maintenance import SqliteRecordMaintenance
from registry.adapters.sqlite.source_urls import SqliteSourceUrlStore
from registry.ports.source_urls import SourceUrlStore
from tests.conformance.source_url_store import END, URL, SourceUrlStoreContract
from tests.engines.tables import fresh_table


class TestSqliteSourceUrlStore(SourceUrlStoreContract):
    @pytest.fixture
    async def urls(self, tmp_path: Path) -> AsyncIterator[SourceUrlStore]:
        database = await SqliteDatabase.open(tmp_path / "registry.db")
        yield SqliteSourceUrlStore(database)
        await database.close()


class TestDynamoSourceUrlStore(SourceUrlStoreContract):
    @pytest.fixture
    async def urls(self, dynamodb_endpoint: str) -> AsyncIterator[SourceUrlStore]:
        async with fresh_table(dynamodb_endpoint) as table:
            yield DynamoSourceUrlStore(table)


async def test_sqlite_forgets_what_has_expired(tmp_path: Path) -> None:
    """DynamoDB does by its TTL."""
    database = await SqliteDatabase.open(tmp_path / "registry.db")
    urls = SqliteSourceUrlStore(database)
    await urls.add("package-1", URL, expires_at=END)
    assert await SqliteRecordMaintenance(database).purge_expired(END) == 1
    assert await urls.find("package-1") is None
    await database.close()
