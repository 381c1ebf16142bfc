from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from registry.adapters.s3 import S3BlobStore
from tests.conformance.blob_store import MIB, BlobStoreContract
from tests.engines.s3 import fresh_bucket


class TestS3(BlobStoreContract):
    memory_bound_bytes: ClassVar[int] = 60 * MIB
    """Five parts of 8 MiB, and what the connections hold of them."""
    copies_ranges: ClassVar[bool] = True

    @pytest.fixture
    async def store(self, s3_endpoint: str) -> AsyncIterator[S3BlobStore]:
        async with fresh_bucket(s3_endpoint) as bucket:
            yield S3BlobStore(bucket)
