"""What callers hear when S3 is down, slow, throttling or answering nonsense: Unavailable, and soon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import aioboto3
import pytest

from registry.adapters.engine_calls import EngineDown, EngineThrottling
from registry.adapters.s3 import S3BlobStore, S3Bucket, S3Limits, open_s3
from registry.adapters.s3.errors import Misconfigured
from registry.domain.errors import NotFound, Unavailable
from tests.engines import s3
from tests.engines.process import free_port
from tests.s3.fake_server import Answer, Request, answering, refusal

KEY = "0" * 32
IMPATIENT = S3Limits(connect_seconds=0.2, answer_seconds=0.1, deadline_seconds=1.0)
PAGE = Answer(200, b"<html>Welcome to this network</html>", {"Content-Type": "text/html"})


@pytest.fixture(autouse=True, params=[True, False], ids=["direct", "aioboto3"])
def direct(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """All that is opened here is called so."""
    chosen = bool(request.param)
    monkeypatch.setitem(globals(), "open_s3", partial(open_s3, direct=chosen))
    return chosen


async def body() -> AsyncIterator[bytes]:
    yield b"abc"


async def put(bucket: S3Bucket) -> object:
    return await S3BlobStore(bucket).put(body())


async def read(bucket: S3Bucket) -> object:
    async with S3BlobStore(bucket).read(KEY) as chunks:
        return [chunk async for chunk in chunks]


async def delete(bucket: S3Bucket) -> None:
    await S3BlobStore(bucket).delete(KEY)


async def list_all(bucket: S3Bucket) -> object:
    return [info async for info in S3BlobStore(bucket).list_blobs()]


async def ping(bucket: S3Bucket) -> None:
    await S3BlobStore(bucket).ping()


Operation = Callable[[S3Bucket], Awaitable[object]]
OPERATIONS: list[Operation] = [put, read, delete, list_all, ping]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        PAGE,
        Answer(200, b"no XML at all", {"Content-Type": "application/xml"}),
        Answer(500, b"<html>Internal error</html>"),
        Answer(502, b""),
        refusal(500, "InternalError"),
        Answer(200, b"", announced_bytes=-1),
    ],
    ids=["silent", "page", "no-xml", "html-500", "empty-502", "internal-error", "bad-http"],
)
async def test_engine_that_fails_is_unavailable(operation: Operation, answer: Answer | None) -> None:
    async with (
        answering(lambda _: answer) as url,
        open_s3("bucket", endpoint_url=url, session=s3.session(), limits=IMPATIENT) as bucket,
    ):
        with pytest.raises(Unavailable):
            await operation(bucket)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_engine_that_is_not_there_is_unavailable(operation: Operation) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with open_s3("bucket", endpoint_url=url, session=s3.session(), limits=IMPATIENT) as bucket:
        with pytest.raises(Unavailable):
            await operation(bucket)


async def test_throttling_is_tried_again_and_then_told() -> None:
    told: list[tuple[str, type[Exception] | None]] = []
    async with (
        answering(lambda _: refusal(503, "SlowDown")) as url,
        open_s3(
            "bucket",
            endpoint_url=url,
            session=s3.session(),
            on_call=lambda operation, _, error: told.append((operation, type(error) if error else None)),
        ) as bucket,
    ):
        with pytest.raises(Unavailable) as caught:
            await delete(bucket)
    assert caught.value.retry_after_seconds == 2
    assert told == [("DeleteObject", EngineThrottling)] * 4


async def test_passing_failure_is_not_heard_of() -> None:
    answers = iter([refusal(500, "InternalError"), refusal(503, "SlowDown"), Answer(204)])
    async with (
        answering(lambda _: next(answers)) as url,
        open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket,
    ):
        await delete(bucket)
    assert list(answers) == []


async def test_engine_that_stays_down_is_left_alone() -> None:
    tries: list[Exception | None] = []
    url = f"http://127.0.0.1:{free_port()}"
    async with open_s3(
        "bucket", endpoint_url=url, session=s3.session(), on_call=lambda _name, _seconds, error: tries.append(error)
    ) as bucket:
        for _ in range(10):
            with pytest.raises(Unavailable):
                await delete(bucket)
    assert 5 <= len(tries) < 30, "ten calls with three tries each would be thirty"
    assert {type(error) for error in tries} == {EngineDown}


@pytest.mark.parametrize("hangs", [True, False])
async def test_answer_that_stops_in_the_middle_is_unavailable(hangs: bool) -> None:  # noqa: FBT001
    answer = Answer(200, b"half", announced_bytes=1000, then_hang=hangs)
    async with (
        answering(lambda _: answer) as url,
        open_s3("bucket", endpoint_url=url, session=s3.session(), limits=IMPATIENT) as bucket,
        S3BlobStore(bucket).read(KEY) as chunks,
    ):
        with pytest.raises(Unavailable):
            _ = [chunk async for chunk in chunks]


async def test_slow_consumer_is_no_failure() -> None:
    answer = Answer(200, b"x" * (2 * 1024 * 1024))
    async with (
        answering(lambda _: answer) as url,
        open_s3("bucket", endpoint_url=url, session=s3.session(), limits=IMPATIENT) as bucket,
        S3BlobStore(bucket).read(KEY) as chunks,
    ):
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            await asyncio.sleep(2 * IMPATIENT.answer_seconds)
    assert size == len(answer.body)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_missing_bucket_is_an_operators_matter(s3_endpoint: str, operation: Operation) -> None:
    async with open_s3("never-made", endpoint_url=s3_endpoint, session=s3.session()) as bucket:
        with pytest.raises(Misconfigured, match="registry bucket create"):
            await operation(bucket)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("access_key", ["nobody", s3.ACCESS_KEY])
async def test_wrong_credentials_are_an_operators_matter(
    bucket: S3Bucket, s3_endpoint: str, access_key: str, operation: Operation
) -> None:
    wrong = aioboto3.Session(aws_access_key_id=access_key, aws_secret_access_key="wrong", region_name=s3.REGION)
    async with open_s3(bucket.name, endpoint_url=s3_endpoint, session=wrong) as other:
        with pytest.raises(Misconfigured):
            await operation(other)


async def test_missing_object_is_no_failure_of_the_engine() -> None:
    async with (
        answering(lambda _: refusal(404, "NoSuchKey")) as url,
        open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket,
    ):
        for _ in range(10):
            with pytest.raises(NotFound):
                await read(bucket)


async def test_callers_queue_for_connections() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        seen.append(request)
        return Answer(204)

    async with (
        answering(answer) as url,
        open_s3("bucket", endpoint_url=url, session=s3.session(), limits=S3Limits(connections=1)) as bucket,
    ):
        await asyncio.gather(*(delete(bucket) for _ in range(10)))
    assert len(seen) == 10
