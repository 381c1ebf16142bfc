"""Ratings to make, as messages of a Redis stream that workers share by a consumer group.

A message carries an id and nothing else. One that a dead worker took is given to another after `idle_seconds`; one that
Redis loses is found by the sweep over the marks. Either way the mark's claim decides who makes the rating.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError
from taskiq.acks import AcknowledgeType
from taskiq.exceptions import TaskiqError
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from registry.domain.errors import Unavailable
from registry.ports.jobs import JobHandler

_log = structlog.get_logger(__name__)
_TASK = "rate"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """`lock_seconds`: after which the lock of a worker that died while it looked for lost messages is free again.

    `max_messages`: what the stream holds at most, about; the oldest go first, and come back by the sweep.
    """

    put_seconds: float = 0.25
    block_seconds: float = 2.0
    idle_seconds: float = 60.0
    lock_seconds: float = 10.0
    max_messages: int = 100_000
    rest_seconds: float = 1.0
    connections: int = 16


class TaskiqJobQueue:
    """Implements `JobQueue`; `run` does the jobs in a worker."""

    def __init__(self, broker: RedisStreamBroker, *, concurrent: int, limits: StreamLimits) -> None:
        self._broker = broker
        self._concurrent = concurrent
        self._limits = limits
        self._handler: JobHandler | None = None

        async def handle(package_id: str) -> None:  # taskiq wants a function, not a method
            await self._do(package_id)

        self._task = broker.register_task(handle, task_name=_TASK)

    async def put(self, package_id: str, *, user: str) -> None:  # noqa: ARG002
        # A stream is first come, first served; the sweep that each worker runs too is fair to users.
        try:
            async with asyncio.timeout(self._limits.put_seconds):
                await self._task.kiq(package_id)
        except (TaskiqError, RedisError, OSError) as error:
            raise Unavailable("The job queue does not answer.") from error

    async def run(self, handler: JobHandler) -> None:
        """Do jobs until cancelled. When Redis goes away, it is tried again until it is back."""
        self._handler = handler
        self._broker.is_worker_process = True
        with ThreadPoolExecutor(1) as executor:
            while True:
                try:
                    # Makes the stream and its group, anew where Redis came back empty.
                    await self._broker.startup()
                    await self._receiver(executor).listen(asyncio.Event())
                except (TaskiqError, RedisError, OSError) as error:
                    _log.warning("job_queue_away", reason=type(error).__name__)
                await asyncio.sleep(self._limits.rest_seconds)

    def _receiver(self, executor: ThreadPoolExecutor) -> Receiver:
        return Receiver(
            broker=self._broker,
            executor=executor,
            run_startup=False,
            validate_params=False,
            max_async_tasks=self._concurrent,
            ack_type=AcknowledgeType.WHEN_EXECUTED,
        )

    async def _do(self, package_id: str) -> None:
        if self._handler is None:
            raise Unavailable("This process puts jobs and does none.")
        await self._handler(package_id)


@asynccontextmanager
async def open_job_queue(
    url: str, *, concurrent: int = 2, queue_name: str = "registry:ratings", limits: StreamLimits | None = None
) -> AsyncIterator[TaskiqJobQueue]:
    """The queue in Redis; connections are made when first needed, and closed at the end."""
    limits = limits or StreamLimits()
    broker = RedisStreamBroker(
        url,
        queue_name=queue_name,
        consumer_group_name="workers",
        consumer_id="0",  # what was put before the first worker came is for it
        max_connection_pool_size=limits.connections,
        xread_block=int(limits.block_seconds * 1000),
        xread_count=1,
        maxlen=limits.max_messages,
        idle_timeout=int(limits.idle_seconds * 1000),
        unacknowledged_lock_timeout=limits.lock_seconds,
        socket_connect_timeout=limits.block_seconds,
        socket_timeout=2 * limits.block_seconds,
    )
    try:
        yield TaskiqJobQueue(broker, concurrent=concurrent, limits=limits)
    finally:
        await broker.shutdown()
