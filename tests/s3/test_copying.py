"""A range of an object as an object of its own: copied by the server, or not at all."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectionClosedError

from registry.adapters.s3 import S3BlobStore, S3Bucket, copying, open_s3
from registry.domain.errors import NotFound, Unavailable
from tests.engines import s3
from tests.s3.fake_server import S3_HEADERS, Answer, Request, answering, refusal
from tests.s3.test_uploads import left_behind, on_event, zeros

MIB = 1024 * 1024
KEY = "0" * 32
BEGUN = Answer(
    200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>", S3_HEADERS
)


def copying_fails(answer: Answer) -> tuple[Callable[[Request], Answer], list[Request]]:
    """A server that answers copies as wanted, and what else it was asked after that."""
    after: list[Request] = []

    def serve(request: Request) -> Answer:
        if request.method == "POST" and "uploads" in request.target:
            return BEGUN
        if request.method == "PUT":
            return answer
        after.append(request)
        return Answer(204, b"", S3_HEADERS)

    return serve, after


async def test_a_source_that_is_gone_is_not_found() -> None:
    serve, after = copying_fails(refusal(404, "NoSuchKey"))
    async with answering(serve) as url, open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket:
        with pytest.raises(NotFound):
            await S3BlobStore(bucket).copy_range(KEY, offset=0, length=9 * MIB)
    assert any("uploadId=u" in request.target for request in after), "the upload was ended"


async def test_a_server_that_cannot_copy_leaves_it_to_others() -> None:
    serve, after = copying_fails(refusal(501, "NotImplemented"))
    async with answering(serve) as url, open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket:
        assert await S3BlobStore(bucket).copy_range(KEY, offset=0, length=9 * MIB) is None
    assert any("uploadId=u" in request.target for request in after), "the upload was ended"


@pytest.mark.parametrize("operation", ["UploadPartCopy", "CompleteMultipartUpload"])
async def test_a_lost_answer_costs_another_try_only(
    bucket: S3Bucket, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_PART_BYTES", 5 * MIB)
    lost: list[str] = []

    def lose_once(**_: object) -> None:
        if not lost:
            lost.append(operation)
            raise ConnectionClosedError(endpoint_url="the test's")

    store = S3BlobStore(bucket)
    stored = await store.put(zeros(12 * MIB))
    on_event(bucket, f"response-received.s3.{operation}", lose_once)
    key = await store.copy_range(stored.key, offset=MIB + 1, length=10 * MIB)
    assert lost == [operation]
    assert key is not None
    assert {info.key: info.size async for info in store.list_blobs()} == {stored.key: 12 * MIB, key: 10 * MIB}


async def test_a_copy_that_fails_leaves_nothing(bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    store = S3BlobStore(bucket)
    stored = await store.put(zeros(12 * MIB))

    def fail(**_: object) -> None:
        raise ConnectionClosedError(endpoint_url="the test's")

    on_event(bucket, "before-send.s3.UploadPartCopy", fail)
    with pytest.raises(Unavailable):
        await store.copy_range(stored.key, offset=0, length=10 * MIB)
    await store.delete(stored.key)
    assert await left_behind(bucket) == []
