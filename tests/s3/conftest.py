from collections import Counter
from collections.abc import AsyncIterator

import pytest

from registry.adapters.s3 import S3Bucket
from tests.engines.s3 import fresh_bucket


@pytest.fixture
def calls() -> Counter[str]:
    """How often each operation was called, setting up the bucket left out."""
    return Counter()


@pytest.fixture
def direct() -> bool:
    """Whether calls about small objects are direct. Modules about calls themselves run over both clients."""
    return True


@pytest.fixture
async def bucket(s3_endpoint: str, calls: Counter[str], *, direct: bool) -> AsyncIterator[S3Bucket]:
    def count(operation: str, seconds: float, error: Exception | None) -> None:
        calls[operation] += 1

    async with fresh_bucket(s3_endpoint, on_call=count, direct=direct) as bucket:
        calls.clear()
        yield bucket
