"""One bucket through one client: every call bounded in time, tried again with jitter, counted and translated."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import aioboto3
from aiobotocore.config import AioConfig
from botocore.handlers import add_expect_header

from registry.adapters.circuit import Circuit
from registry.adapters.s3.errors import EngineDown, EngineThrottling, translate
from registry.domain.errors import Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

T = TypeVar("T")

OnCall = Callable[[str, float, Exception | None], None]
"""Told of every call to the engine, tries again included: the operation's name, its seconds, its error."""

TRIES = {EngineThrottling: 4, EngineDown: 3}
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 1.0


def ignore_call(_operation: str, _seconds: float, _error: Exception | None) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class S3Limits:
    """How long an answer may take: one try of a call (or the next chunk of a body), and a call with all its tries."""

    connect_seconds: float = 2.0
    answer_seconds: float = 10.0
    deadline_seconds: float = 20.0
    connections: int = 512


class S3Bucket:
    """A bucket. `presigner` signs URLs for the address by which clients reach it; it makes no calls."""

    def __init__(
        self,
        client: "S3Client",
        name: str,
        *,
        presigner: "S3Client",
        on_call: OnCall = ignore_call,
        limits: S3Limits | None = None,
        circuit: Circuit | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.client = client
        self.name = name
        self.presigner = presigner
        self.limits = limits or S3Limits()
        self._on_call = on_call
        self._circuit = circuit or Circuit()
        self._jitter = jitter

    async def call(
        self, operation: str, invoke: Callable[[], Awaitable[T]], *, extra_seconds: float = 0, insist: bool = False
    ) -> T:
        """Call the engine until it answers or the tries or the time are used up. Raises NotFound, Unavailable.

        `extra_seconds` is how much longer than usual this call may take, for the bytes that it moves; `insist` asks
        an engine that seems to be down all the same: it is the last chance to clean up.
        """
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self.limits.deadline_seconds + extra_seconds):
                attempt = 0
                while True:
                    if not (self._circuit.allows() or insist):
                        raise Unavailable("The package store does not answer; it is tried again in a moment.")
                    try:
                        return await self._try(operation, invoke, seconds=self.limits.answer_seconds + extra_seconds)
                    except (EngineThrottling, EngineDown) as error:
                        attempt += 1
                        if attempt >= TRIES[type(error)]:
                            raise
                    # Full jitter: those who failed together do not come back together.
                    await asyncio.sleep(self._jitter() * min(FIRST_WAIT_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS))
        except TimeoutError:
            late = EngineDown("The package store did not answer in time.")
            self._record(operation, time.perf_counter() - begun, late)
            raise late from None

    async def _try(self, operation: str, invoke: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                answer = await invoke()
            _check_sender(cast("Mapping[str, Any]", answer))
        except Exception as error:
            translated = translate(error)
            self._record(operation, time.perf_counter() - begun, translated)
            raise translated from error
        self._record(operation, time.perf_counter() - begun, None)
        return answer

    def _record(self, operation: str, seconds: float, error: Exception | None) -> None:
        self._on_call(operation, seconds, error)
        if isinstance(error, EngineDown):
            self._circuit.failed()
        else:
            self._circuit.succeeded()


def _check_sender(answer: Mapping[str, Any]) -> None:
    """Raise EngineDown for an answer that is not S3's, such as a proxy's page: it would be served as a package."""
    if "x-amz-request-id" not in answer["ResponseMetadata"]["HTTPHeaders"]:
        raise EngineDown("The package store's answer is not S3's.")


@asynccontextmanager
async def open_s3(
    bucket: str,
    *,
    endpoint_url: str | None = None,
    public_endpoint_url: str | None = None,
    session: aioboto3.Session | None = None,
    limits: S3Limits | None = None,
    on_call: OnCall = ignore_call,
) -> AsyncIterator[S3Bucket]:
    """The bucket through a client of its own, one for the process. Region and credentials: as every AWS program.

    `public_endpoint_url` is the address for signed URLs where clients reach the store by another than this process:
    a signature covers the host's name. It need not exist yet: the bucket is looked at by calls only.
    """
    session = session or aioboto3.Session()
    limits = limits or S3Limits()
    config = AioConfig(
        connect_timeout=limits.connect_seconds,
        read_timeout=None,  # S3Bucket times each call by what it moves
        max_pool_connections=limits.connections,
        retries={"total_max_attempts": 1},  # S3Bucket tries again, with a deadline
        parameter_validation=False,  # mypy has checked the calls; the engine checks the values
        signature_version="s3v4",
        # A body is vouched for by its SHA-256 header, which is signed: the signature need not hash it a second time.
        s3={"payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        # The registry compares the SHA-256 of the whole where that matters.
        response_checksum_validation="when_required",
        tcp_keepalive=True,
    )
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(session.client("s3", endpoint_url=endpoint_url, config=config))
        # "Expect: 100-continue" costs a round trip for each part (30 instead of 40 ms for 8 MiB on loopback), and a
        # server that ignores it would hold the part until the deadline.
        client.meta.events.unregister("before-call.s3", add_expect_header)
        presigner = client
        if public_endpoint_url is not None:
            presigner = await stack.enter_async_context(
                session.client("s3", endpoint_url=public_endpoint_url, config=config)
            )
        yield S3Bucket(client, bucket, presigner=presigner, on_call=on_call, limits=limits)
