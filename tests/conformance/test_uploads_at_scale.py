"""The suites of uploads over DynamoDB and S3."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from registry.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from registry.adapters.dynamodb.maintenance import DynamoRecordMaintenance
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.uploads import DynamoUploadStore
from registry.adapters.dynamodb.usage import DynamoUsageStore
from registry.adapters.s3 import S3BlobStore, S3PartStore
from registry.domain.errors import NotFound
from tests.conformance.blob_store import MIB, list_all
from tests.conformance.part_store import PartStoreContract, PartStores
from tests.conformance.upload_store import UploadRecords, UploadStoreContract
from tests.engines.s3 import fresh_bucket
from tests.engines.tables import fresh_table
from tests.factories import ManualClock


class TestDynamoUploadStore(UploadStoreContract):
    @pytest.fixture
    async def records(self, dynamodb_endpoint: str) -> AsyncIterator[UploadRecords]:
        clock = ManualClock()
        async with fresh_table(dynamodb_endpoint) as table:
            yield UploadRecords(
                uploads=DynamoUploadStore(table, clock=clock),
                usage=DynamoUsageStore(table),
                packages=DynamoPackageStore(table, clock=clock),
                idempotency=DynamoIdempotencyStore(table, clock=clock),
                maintenance=DynamoRecordMaintenance(table, clock=clock),
                clock=clock,
            )


class TestS3PartStore(PartStoreContract):
    part_bytes: ClassVar[int] = 5 * MIB

    @pytest.fixture
    async def stores(self, s3_endpoint: str) -> AsyncIterator[PartStores]:
        async with fresh_bucket(s3_endpoint) as bucket:
            blobs = S3BlobStore(bucket)
            yield PartStores(S3PartStore(bucket, blobs), blobs)

    async def test_reopening_that_fails_leaves_no_second_upload(
        self, stores: PartStores, data: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = await stores.parts.begin()
        await self.put_all(stores.parts, key, data)
        async with stores.parts.complete(key, await stores.parts.list_parts(key)) as blob:
            monkeypatch.setattr(S3PartStore, "_copy", failing)
            with pytest.raises(NotFound):
                await stores.parts.reopen(key, blob)
        assert [info.key for info in await list_all(stores.blobs)] == [blob.key]


async def failing(*_: object) -> None:
    raise NotFound("The stored bytes are gone.")
