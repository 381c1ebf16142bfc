"""Fixtures that the contracts share; `home` is the adapter's."""

from collections.abc import AsyncIterator

import pytest

from tests.conformance.records import RecordHome, Records


@pytest.fixture
async def records(home: RecordHome) -> AsyncIterator[Records]:
    """The records as this process has them."""
    async with home.open() as opened:
        yield opened


@pytest.fixture
async def others(home: RecordHome) -> AsyncIterator[Records]:
    """The same records as another process has them."""
    async with home.open() as opened:
        yield opened
