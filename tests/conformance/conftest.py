"""Fixtures that the contracts share; `backend` is the adapter's."""

from collections.abc import AsyncIterator

import pytest

from tests.conformance.records import RecordBackend, Records


@pytest.fixture
async def records(backend: RecordBackend) -> AsyncIterator[Records]:
    """The records as this process has them."""
    async with backend.open() as opened:
        yield opened


@pytest.fixture
async def others(backend: RecordBackend) -> AsyncIterator[Records]:
    """The same records as another process has them."""
    async with backend.open() as opened:
        yield opened
