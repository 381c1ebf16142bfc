"""Redis for what may be lost: short time-outs, and a rest after failures, so that no request waits for a dead server.

When Redis is back, the next call finds it: nothing has to be restarted.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from registry.adapters.circuit import Circuit
from registry.domain.errors import Unavailable

T = TypeVar("T")

OnCall = Callable[[str, float, Exception | None], None]
"""Told of every call that was tried: what it was for, its seconds, its error."""


class RedisCommands(Protocol):
    """Redis as the adapters use it: a command and its arguments give an answer of the command's kind."""

    def execute_command(self, *arguments: str | bytes | int) -> Awaitable[Any]: ...


def ignore_call(_purpose: str, _seconds: float, _error: Exception | None) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class RedisLimits:
    """How long Redis may take. On its own host it answers within 1 ms; what takes longer is done without it."""

    connect_seconds: float = 0.25
    call_seconds: float = 0.25
    connections: int = 64
    rest_seconds: float = 1.0


class RedisConnection:
    """A pool of connections. `call` is the only way to it."""

    def __init__(
        self,
        client: RedisCommands,
        *,
        limits: RedisLimits,
        on_call: OnCall = ignore_call,
        circuit: Circuit | None = None,
    ) -> None:
        self._client = client
        self._limits = limits
        self._on_call = on_call
        self._circuit = circuit or Circuit(failures=3, rest_seconds=limits.rest_seconds)

    async def call(self, purpose: str, invoke: Callable[[RedisCommands], Awaitable[T]]) -> T:
        """What `invoke` returns. Raises Unavailable when Redis does not answer in time, at once while it rests."""
        if not self._circuit.allows():
            raise Unavailable("The shared cache does not answer; it is tried again in a moment.")
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self._limits.call_seconds):
                answer = await invoke(self._client)
        except (RedisError, OSError) as error:
            self._circuit.failed()
            self._on_call(purpose, time.perf_counter() - begun, error)
            raise Unavailable(f"The shared cache does not answer ({type(error).__name__}).") from error
        self._circuit.succeeded()
        self._on_call(purpose, time.perf_counter() - begun, None)
        return answer

    async def ping(self) -> None:
        """Return when Redis answers. Raises Unavailable. For health checks."""
        await self.call("ping", lambda client: client.execute_command("PING"))


@asynccontextmanager
async def open_redis(
    url: str, *, limits: RedisLimits | None = None, on_call: OnCall = ignore_call
) -> AsyncIterator[RedisConnection]:
    """Connections for one process, made when first needed: Redis may be away when the service starts."""
    limits = limits or RedisLimits()
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=limits.connections,
        timeout=limits.call_seconds,
        socket_connect_timeout=limits.connect_seconds,
        socket_timeout=limits.call_seconds,
        retry=Retry(NoBackoff(), 1),  # one more try: a connection of the pool may have died in a restart
    )
    client: Redis = Redis(connection_pool=pool)
    try:
        yield RedisConnection(cast("RedisCommands", client), limits=limits, on_call=on_call)
    finally:
        await client.aclose()
        await pool.disconnect()
