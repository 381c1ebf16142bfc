"""Ratings to make, as entries of a Redis stream that workers share through a consumer group.

An entry carries a package's id and nothing else. One whose worker died is leased by another after `idle_seconds`; one
that Redis loses is found by the sweep over the rating requests. Either way the request's lease decides who makes the
rating, so an entry that comes twice does no harm.

All workers are one consumer of the group: entries are told apart by how long they have been idle, not by who has them,
and no names of dead workers pile up.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from registry.adapters.engine_calls import CallPolicy, EngineCalls, OnCall, ignore_call
from registry.adapters.redis.connection import RedisCommands, translate
from registry.domain.cancellation import check_cancelled
from registry.ports.jobs import JobHandler

_log = structlog.get_logger(__name__)
STREAM = "registry:rating-jobs"
GROUP = "workers"
_CONSUMER = "worker"
_FIELD = "package"

Entry = tuple[bytes, dict[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """`block_seconds`: how long a worker waits for an entry in one call. `rest_seconds`: between tries while Redis is
    away. `max_entries`: about how many the stream holds; the oldest go first, and come back by the sweep.
    """

    put_seconds: float = 0.25
    block_seconds: float = 2.0
    idle_seconds: float = 60.0
    rest_seconds: float = 0.25
    max_entries: int = 100_000


class RedisJobQueue:
    """Implements `JobQueue`; `run` does the jobs in a worker, `concurrent` at a time."""

    def __init__(
        self,
        client: RedisCommands,
        *,
        calls: EngineCalls,
        concurrent: int,
        limits: StreamLimits,
        stream: str = STREAM,
    ) -> None:
        self._client = client
        self._calls = calls
        self._concurrent = concurrent
        self._limits = limits
        self._stream = stream

    async def put(self, package_id: str, *, user: str) -> None:  # noqa: ARG002
        # A stream is first come, first served; the sweep that each worker runs too is fair to users.
        await self._calls.call(
            "put",
            lambda: self._client.execute_command(
                "XADD", self._stream, "MAXLEN", "~", self._limits.max_entries, "*", _FIELD, package_id
            ),
        )

    async def run(self, handler: JobHandler) -> None:
        """Do jobs until cancelled. When Redis goes away, it is tried again until it is back."""
        away = False
        async with asyncio.TaskGroup() as jobs:
            slots = asyncio.Semaphore(self._concurrent)
            while True:
                try:
                    await self._make_group()
                    if away:
                        _log.info("job_queue_back")
                        away = False
                    await self._take_entries(handler, jobs, slots)
                except (RedisError, OSError) as error:
                    if not away:
                        _log.warning("job_queue_away", reason=type(error).__name__)
                        away = True
                await asyncio.sleep(self._limits.rest_seconds)

    async def _take_entries(self, handler: JobHandler, jobs: asyncio.TaskGroup, slots: asyncio.Semaphore) -> None:
        """Begin a job for each entry while there are slots. Raises RedisError, OSError."""
        clock = asyncio.get_running_loop().time
        next_claim_at = 0.0
        while True:
            await slots.acquire()
            entry = None
            try:
                if clock() >= next_claim_at:
                    entry = await self._claim_abandoned()
                    # Another may be there, too.
                    next_claim_at = 0.0 if entry else clock() + self._limits.idle_seconds / 4
                entry = entry or await self._next()
            finally:
                if entry is None:
                    slots.release()
            check_cancelled()
            if entry is not None:
                jobs.create_task(self._do(entry, handler, slots))

    async def _do(self, entry: Entry, handler: JobHandler, slots: asyncio.Semaphore) -> None:
        entry_id, fields = entry
        try:
            if (package_id := fields.get(_FIELD.encode())) is not None:
                await handler(package_id.decode())
        except Exception:  # noqa: BLE001 - one job must not end the others; its rating request brings it back
            _log.exception("job_failed", entry=entry_id.decode())
        finally:
            slots.release()
        # Without this it is leased again, and found to be done.
        with contextlib.suppress(RedisError, OSError):
            await self._client.execute_command("XACK", self._stream, GROUP, entry_id)
            await self._client.execute_command("XDEL", self._stream, entry_id)

    async def _make_group(self) -> None:
        """Make the stream and its group, again where Redis came back empty. What was put before is for the workers."""
        try:
            await self._client.execute_command("XGROUP", "CREATE", self._stream, GROUP, "0", "MKSTREAM")
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _next(self) -> Entry | None:
        """The next new entry, None when none came in time."""
        answer = await self._client.execute_command(
            "XREADGROUP", "GROUP", GROUP, _CONSUMER, "COUNT", 1,
            "BLOCK", int(self._limits.block_seconds * 1000), "STREAMS", self._stream, ">",
        )  # fmt: skip
        return cast("Entry", answer[0][1][0]) if answer else None

    async def _claim_abandoned(self) -> Entry | None:
        """An entry that a worker took and has not finished for long, None where there is none."""
        idle_milliseconds = int(self._limits.idle_seconds * 1000)
        _cursor, entries, _deleted = await self._client.execute_command(
            "XAUTOCLAIM", self._stream, GROUP, _CONSUMER, idle_milliseconds, "0", "COUNT", 1
        )
        return cast("Entry", entries[0]) if entries else None


@asynccontextmanager
async def open_job_queue(
    url: str,
    *,
    concurrent: int = 2,
    stream: str = STREAM,
    limits: StreamLimits | None = None,
    on_call: OnCall = ignore_call,
) -> AsyncIterator[RedisJobQueue]:
    """The queue in Redis; connections are made when first needed, and closed at the end."""
    limits = limits or StreamLimits()
    client = Redis.from_url(
        url,
        socket_connect_timeout=limits.block_seconds,
        socket_timeout=2 * limits.block_seconds,  # a call that blocks is answered before
        retry=Retry(NoBackoff(), 1),  # one more try: a connection of the pool may have died in a restart
    )
    calls = EngineCalls(CallPolicy("job queue", limits.put_seconds), translate, on_call=on_call)
    try:
        yield RedisJobQueue(
            cast("RedisCommands", client), calls=calls, concurrent=concurrent, limits=limits, stream=stream
        )
    finally:
        await client.aclose()
