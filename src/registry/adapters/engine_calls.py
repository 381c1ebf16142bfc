"""How every engine is called: bounded in time, retried with jitter, counted, translated; not at all while it is down.

DynamoDB, S3 and Redis differ in what their errors mean (`translate`) and in their numbers (`CallPolicy`), not in this.

Unavailable
├── EngineThrottling   over its capacity: worth another try soon
└── EngineDown         no answer, or none that can be understood
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeVar

from registry.adapters.circuit import Circuit
from registry.domain.errors import Unavailable

T = TypeVar("T")

OnCall = Callable[[str, float, Exception | None], None]
"""Called after every try: with the operation's name, its seconds and its error, translated."""


class EngineThrottling(Unavailable):
    """The engine takes no more requests at the moment."""


class EngineDown(Unavailable):
    """The engine gave no answer that can be understood."""


def ignore_call(_operation: str, _seconds: float, _error: Exception | None) -> None:
    """For callers that do not count."""


def _accept(_answer: object) -> None:
    """Every answer is the engine's."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """An engine's numbers.

    `deadline_seconds` bounds a call with all its tries, `try_seconds` one of them (None: the client does). `tries` is
    how often each passing error is tried in all. Before the n-th repetition a call waits up to `first_wait_seconds` ×
    2ⁿ, at most `longest_wait_seconds`. `engine` names the engine in messages to callers.
    """

    engine: str
    deadline_seconds: float
    try_seconds: float | None = None
    tries: Mapping[type[Exception], int] = field(default_factory=dict)
    first_wait_seconds: float = 0.025
    longest_wait_seconds: float = 0.5


class EngineCalls:
    """The one way to an engine. Its errors leave as `translate` has them; a deadline leaves as EngineDown."""

    def __init__(
        self,
        policy: CallPolicy,
        translate: Callable[[Exception], Exception],
        *,
        on_call: OnCall = ignore_call,
        circuit: Circuit | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._translate = translate
        self._on_call = on_call
        self._circuit = circuit or Circuit()
        self._jitter = jitter
        self._retried = tuple(policy.tries)

    async def call(
        self,
        operation: str,
        invoke: Callable[[], Awaitable[T]],
        *,
        check: Callable[[T], None] = _accept,
        within: asyncio.Timeout | None = None,
        extra_seconds: float = 0,
        insist: bool = False,
    ) -> T:
        """Call the engine until it answers or the tries or the time are used up.

        `check` raises for an answer that is not the engine's. `within` is a `deadline` that this call shares with
        others. `extra_seconds` is how much longer than usual it may take, for the bytes that it moves. `insist` asks
        an engine that seems to be down all the same: it is the last chance to clean up.
        """
        if within is not None:
            return await self._repeat(operation, invoke, check, within, extra_seconds, insist=insist)
        async with self.deadline(extra_seconds=extra_seconds) as deadline:
            return await self._repeat(operation, invoke, check, deadline, extra_seconds, insist=insist)

    async def _repeat(
        self,
        operation: str,
        invoke: Callable[[], Awaitable[T]],
        check: Callable[[T], None],
        deadline: asyncio.Timeout,
        extra_seconds: float,
        *,
        insist: bool,
    ) -> T:
        attempt = 0
        while True:
            if not (self._circuit.allows() or insist):
                raise Unavailable(f"The {self._policy.engine} does not answer; it is tried again in a moment.")
            try:
                return await self._try(operation, invoke, check, deadline, extra_seconds)
            except self._retried as error:
                attempt += 1
                if attempt >= self._policy.tries[type(error)]:
                    raise
            await self.pause(attempt)

    async def _try(
        self,
        operation: str,
        invoke: Callable[[], Awaitable[T]],
        check: Callable[[T], None],
        deadline: asyncio.Timeout,
        extra_seconds: float,
    ) -> T:
        begun = time.perf_counter()
        try:
            if self._policy.try_seconds is None:
                answer = await invoke()
            else:
                async with asyncio.timeout(self._policy.try_seconds + extra_seconds):
                    answer = await invoke()
            check(answer)
        except Exception as error:
            translated = self._translate(error)
            self._record(operation, begun, translated)
            raise translated from error
        except asyncio.CancelledError:
            # The caller's own end says nothing about the engine, its deadline does.
            if deadline.expired():
                self._record(operation, begun, self._late())
            raise
        self._record(operation, begun, None)
        return answer

    def _record(self, operation: str, begun: float, error: Exception | None) -> None:
        self._on_call(operation, time.perf_counter() - begun, error)
        if isinstance(error, EngineDown):
            self._circuit.failed()
        else:
            self._circuit.succeeded()

    def deadline(self, *, extra_seconds: float = 0) -> "_Deadline":
        """Bounds the time of what stands in it. Raises EngineDown."""
        return _Deadline(self._policy.deadline_seconds + extra_seconds, self._late)

    async def pause(self, attempt: int) -> None:
        """Wait before the next try, `attempt` of them being over."""
        # Full jitter: those who failed together do not come back together.
        policy = self._policy
        await asyncio.sleep(self._jitter() * min(policy.first_wait_seconds * 2**attempt, policy.longest_wait_seconds))

    def _late(self) -> EngineDown:
        return EngineDown(f"The {self._policy.engine} did not answer in time.")


class _Deadline:
    """A time-out that is an error of the engine. A class: around each call a generator would cost more than it does."""

    __slots__ = ("_late", "_timeout")

    def __init__(self, seconds: float, late: Callable[[], EngineDown]) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._late = late

    async def __aenter__(self) -> asyncio.Timeout:
        return await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise self._late() from None
        if isinstance(error, TimeoutError):
            raise self._late() from None
