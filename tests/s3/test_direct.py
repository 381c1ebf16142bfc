"""Direct calls about small objects: their answers are aioboto3's, and what only that can do is left to it."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from registry.adapters.http_connections import Answer as Received
from registry.adapters.http_connections import HttpConnections
from registry.adapters.s3 import S3BlobStore, S3Bucket, open_s3
from registry.adapters.s3.direct import SMALL_BYTES, DirectObjects, Objects
from tests.engines import s3
from tests.s3.fake_server import Answer, Request, answering, refusal
from tests.s3.test_uploads import left_behind, put

KEY = "0" * 32
BODY = bytes(range(256))
CHECKSUM = b64encode(sha256(BODY).digest()).decode()


async def outcome(call: Any) -> Any:
    """What a call of an object comes to: the members that stores read."""
    try:
        answer = await call
    except ClientError as error:
        response: Any = error.response
        code, message = response["Error"].get("Code"), response["Error"].get("Message")
        return type(error).__name__, code, message, response["ResponseMetadata"]["HTTPStatusCode"]
    metadata = answer.pop("ResponseMetadata")
    return answer.get("ContentLength"), metadata["HTTPStatusCode"], "x-amz-request-id" in metadata["HTTPHeaders"]


async def every_call(objects: Objects) -> list[Any]:
    wrong = b64encode(sha256(b"").digest()).decode()
    return [
        await outcome(objects.head_object("blobs/missing")),
        await outcome(objects.put_object("blobs/a", BytesIO(BODY), checksum=CHECKSUM)),
        await outcome(objects.head_object("blobs/a")),
        (await outcome(objects.put_object("blobs/b", BytesIO(BODY), checksum=wrong)))[-1],
        await outcome(objects.delete_object("blobs/a")),
        await outcome(objects.delete_object("blobs/a")),
        await outcome(objects.put_object("blobs/empty", BytesIO(b""), checksum=wrong)),
    ]


async def test_answers_and_errors_are_aioboto3s(bucket: S3Bucket) -> None:
    assert isinstance(bucket.objects, DirectObjects)
    assert await every_call(bucket.objects) == await every_call(bucket.large_objects)


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1])
async def test_what_was_put_is_read_back(bucket: S3Bucket, size: int) -> None:
    async def source() -> Any:
        yield bytes(size)

    store = S3BlobStore(bucket)
    stored = await store.put(source())
    async with store.read(stored.key) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == bytes(size)
    await store.delete(stored.key)
    assert await left_behind(bucket) == []


async def test_cancelled_in_the_call_leaves_nothing(bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, send = asyncio.Event(), HttpConnections.send

    async def sent(self: HttpConnections, *request: Any, **how: Any) -> Received:
        reached.set()
        return await send(self, *request, **how)

    monkeypatch.setattr(HttpConnections, "send", sent)
    task = asyncio.create_task(put(S3BlobStore(bucket), 100))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left_behind(bucket) == []


async def test_a_bucket_that_is_elsewhere_is_left_to_aioboto3() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        seen.append(request)
        return refusal(301, "PermanentRedirect") if len(seen) == 1 else Answer(204)

    async with answering(answer) as url, open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket:
        await S3BlobStore(bucket).delete(KEY)
    assert len(seen) == 2


async def test_a_host_whose_clock_is_wrong_goes_by_the_engines() -> None:
    at, seen = datetime.now(UTC) + timedelta(hours=3), []
    skewed = replace(refusal(403, "RequestTimeTooSkewed"), headers={"Date": format_datetime(at)})

    def answer(request: Request) -> Answer:
        seen.append(request.head.partition("x-amz-date: ")[2][:11])
        return skewed if len(seen) == 1 else Answer(204)

    async with answering(answer) as url, open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket:
        await S3BlobStore(bucket).delete(KEY)
    assert seen[1] == at.strftime("%Y%m%dT%H")
    assert seen[0] != seen[1]
