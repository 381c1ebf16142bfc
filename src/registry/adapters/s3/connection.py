"""One bucket through one client."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import aioboto3
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials

from registry.adapters.botocore_internals import open_wire, resolve_bucket, send_bodies_at_once
from registry.adapters.engine_calls import CallPolicy, EngineCalls, EngineDown, EngineThrottling, OnCall, ignore_call
from registry.adapters.s3.direct import ClientObjects, DirectObjects, Objects
from registry.adapters.s3.errors import translate

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class S3Limits:
    """How long an answer may take: one try of a call (or the next chunk of a body), and a call with all its tries."""

    connect_seconds: float = 2.0
    answer_seconds: float = 10.0
    deadline_seconds: float = 20.0
    connections: int = 512


def call_policy(limits: S3Limits) -> CallPolicy:
    """Each try is timed here, by what it moves: the client's own time-out for reading is off."""
    return CallPolicy(
        "package store",
        limits.deadline_seconds,
        try_seconds=limits.answer_seconds,
        tries={EngineThrottling: 4, EngineDown: 3},
        first_wait_seconds=0.05,
        longest_wait_seconds=1.0,
    )


class S3Bucket:
    """A bucket. `presigner` signs URLs for the address by which clients reach it; it makes no calls.

    `objects` are the calls about one small object, `large_objects` those about one of any size; `client` has all.
    `chunk_seconds` is how long the next chunk of a body may take.
    """

    def __init__(
        self,
        client: "S3Client",
        name: str,
        *,
        objects: Objects,
        presigner: "S3Client",
        calls: EngineCalls,
        chunk_seconds: float,
    ) -> None:
        self.client = client
        self.objects = objects
        self.large_objects: Objects = ClientObjects(client, name)
        self.name = name
        self.presigner = presigner
        self.chunk_seconds = chunk_seconds
        self._calls = calls

    async def call(
        self, operation: str, invoke: Callable[[], Awaitable[T]], *, extra_seconds: float = 0, insist: bool = False
    ) -> T:
        """Call the engine (see `EngineCalls`). Raises NotFound, Unavailable."""
        return await self._calls.call(
            operation, invoke, check=_check_sender, extra_seconds=extra_seconds, insist=insist
        )


def _check_sender(answer: object) -> None:
    """Raise EngineDown for an answer that is not S3's, such as a proxy's page: it would be served as a package."""
    if "x-amz-request-id" not in cast("Mapping[str, Any]", answer)["ResponseMetadata"]["HTTPHeaders"]:
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
    direct: bool = True,
) -> AsyncIterator[S3Bucket]:
    """The bucket through a client of its own, one for the process. Region and credentials: as every AWS program.

    `public_endpoint_url` is the address for signed URLs where clients reach the store by another than this process:
    a signature covers the host's name. It need not exist yet: the bucket is looked at by calls only.
    Calls about small objects take the short way where they are `direct` (see `direct.py`) and need no proxy.
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
        send_bodies_at_once(client)
        presigner = client
        if public_endpoint_url is not None:
            presigner = await stack.enter_async_context(
                session.client("s3", endpoint_url=public_endpoint_url, config=config)
            )
        calls = EngineCalls(call_policy(limits), translate, on_call=on_call)
        objects = await stack.enter_async_context(_direct_objects(client, bucket, session)) if direct else None
        yield S3Bucket(
            client,
            bucket,
            objects=objects or ClientObjects(client, bucket),
            presigner=presigner,
            calls=calls,
            chunk_seconds=limits.answer_seconds,
        )


@asynccontextmanager
async def _direct_objects(
    client: "S3Client", bucket: str, session: aioboto3.Session
) -> AsyncIterator[DirectObjects | None]:
    """Direct calls, None where they have to be aioboto3's."""
    found = await resolve_bucket(client, bucket)
    if found is None:
        yield None
        return
    url, region = found
    async with open_wire(client, url) as wire:
        if wire is None:
            yield None
            return
        # A coroutine, whatever its types say.
        credentials = await cast("Awaitable[AioCredentials | None]", session.get_credentials())
        yield DirectObjects(ClientObjects(client, bucket), wire, credentials, region=region)
