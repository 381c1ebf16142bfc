"""The conformance suites over the scaled backend of the records."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from registry.adapters.dynamodb.connection import open_table
from tests.conformance.record_suites import RecordSuites
from tests.conformance.records import Records
from tests.dynamodb.samples import open_records
from tests.engines.tables import PATIENT, SESSION, fresh_table
from tests.factories import ManualClock


class DynamoBackend:
    """A table."""

    def __init__(self, table_name: str, endpoint_url: str) -> None:
        self._table_name = table_name
        self._endpoint_url = endpoint_url
        self.clock = ManualClock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Records]:
        async with open_table(
            self._table_name, endpoint_url=self._endpoint_url, session=SESSION, limits=PATIENT, now=self.clock.now
        ) as table:
            yield open_records(table, self.clock)


@pytest.fixture
async def backend(dynamodb_endpoint: str) -> AsyncIterator[DynamoBackend]:
    async with fresh_table(dynamodb_endpoint) as table:
        yield DynamoBackend(table.name, dynamodb_endpoint)


class TestRecords(RecordSuites):
    pass
