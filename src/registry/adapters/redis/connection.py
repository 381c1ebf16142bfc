"""Redis for what may be lost: short time-outs, and a rest after failures, so that no request waits for a dead server.

When Redis is back, the next call finds it: nothing has to be restarted.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from registry.adapters.circuit import Circuit
from registry.adapters.engine_calls import CallPolicy, EngineCalls, EngineDown, OnCall, ignore_call

T = TypeVar("T")


class RedisCommands(Protocol):
    """Redis as the adapters use it: a command and its arguments give an answer of the command's kind."""

    def execute_command(self, *arguments: str | bytes | int) -> Awaitable[Any]: ...


@dataclass(frozen=True, slots=True)
class RedisLimits:
    """How long Redis may take. On its own host it answers within 1 ms; what takes longer is done without it."""

    connect_seconds: float = 0.25
    call_seconds: float = 0.25
    connections: int = 64
    rest_seconds: float = 1.0


class RedisConnection:
    """A pool of connections. `call` is the only way to it."""

    def __init__(self, client: RedisCommands, *, calls: EngineCalls) -> None:
        self._client = client
        self._calls = calls

    async def call(self, purpose: str, invoke: Callable[[RedisCommands], Awaitable[T]]) -> T:
        """What `invoke` returns. Raises Unavailable when Redis does not answer in time, at once while it rests."""
        return await self._calls.call(purpose, lambda: invoke(self._client))

    async def ping(self) -> None:
        """Return when Redis answers. Raises Unavailable. For health checks."""
        await self.call("ping", lambda client: client.execute_command("PING"))


def translate(error: Exception) -> Exception:
    """What `error` means to the registry; an error that means nothing known is returned as it is."""
    if isinstance(error, RedisError | OSError):
        return EngineDown(f"The shared cache does not answer ({type(error).__name__}).")
    return error


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
        calls = EngineCalls(
            CallPolicy("shared cache", limits.call_seconds),
            translate,
            on_call=on_call,
            circuit=Circuit(failures=3, rest_seconds=limits.rest_seconds),
        )
        yield RedisConnection(cast("RedisCommands", client), calls=calls)
    finally:
        await client.aclose()
        await pool.disconnect()
