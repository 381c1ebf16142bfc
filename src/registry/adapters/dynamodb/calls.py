"""Calls to DynamoDB: bounded in time, tried again with jitter, counted, translated, and none while it is down."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from registry.adapters.circuit import Circuit
from registry.adapters.dynamodb.errors import EngineConflict, EngineDown, EngineThrottling, translate
from registry.domain.errors import Unavailable

T = TypeVar("T")

OnCall = Callable[[str, float, Exception | None], None]
"""Told of every call to the engine, tries again included: the operation's name, its seconds, its error."""

FIRST_WAIT_SECONDS = 0.025
LONGEST_WAIT_SECONDS = 0.5
TRIES = {EngineThrottling: 4, EngineConflict: 12, EngineDown: 2}


OnUnits = Callable[[str, float], None]
"""Told the capacity units that DynamoDB says a call consumed: the operation's name, and how many."""


def ignore_call(_operation: str, _seconds: float, _error: Exception | None) -> None:
    """Nobody counts."""


def ask_for_units(params: dict[str, Any], model: Any, **_: object) -> None:
    """Have DynamoDB tell what a call consumes; a handler of botocore's event `before-parameter-build`."""
    if "ReturnConsumedCapacity" in model.input_shape.members:
        params["ReturnConsumedCapacity"] = "TOTAL"


def _units(answer: Mapping[str, Any]) -> float:
    """Those of all tables that a call touched; its answer tells them for one or for a list."""
    told = answer.get("ConsumedCapacity", [])
    return sum(float(each["CapacityUnits"]) for each in (told if isinstance(told, list) else [told]))


class EngineCalls:
    """The one way to the engine. `deadline_seconds` holds for a call with all its tries."""

    def __init__(
        self,
        *,
        on_call: OnCall = ignore_call,
        on_units: OnUnits | None = None,
        deadline_seconds: float,
        circuit: Circuit | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._on_call = on_call
        self._on_units = on_units
        self._deadline_seconds = deadline_seconds
        self._circuit = circuit or Circuit()
        self._jitter = jitter

    async def call(self, operation: str, invoke: Callable[[], Awaitable[T]], *, member: str = "") -> T:
        """Call the engine until it answers or the tries or the time are used up. `member` is in every good answer."""
        async with self.deadline():
            attempt = 0
            while True:
                try:
                    return await self._try(operation, invoke, member)
                except (EngineThrottling, EngineConflict, EngineDown) as error:
                    attempt += 1
                    if attempt >= TRIES[type(error)]:
                        raise
                await self.pause(attempt)

    async def _try(self, operation: str, invoke: Callable[[], Awaitable[T]], member: str) -> T:
        if not self._circuit.allows():
            raise Unavailable("The record store does not answer; it is tried again in a moment.")
        begun = time.perf_counter()
        try:
            answer = await invoke()
            _check(cast("Mapping[str, Any]", answer), member)
        except Exception as error:
            translated = translate(error)
            self._on_call(operation, time.perf_counter() - begun, translated)
            if isinstance(translated, EngineDown):
                self._circuit.failed()
            else:
                self._circuit.succeeded()
            raise translated from error
        self._on_call(operation, time.perf_counter() - begun, None)
        if self._on_units and (units := _units(cast("Mapping[str, Any]", answer))):
            self._on_units(operation, units)
        self._circuit.succeeded()
        return answer

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """Bounds the time of what stands in it. Raises Unavailable."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                yield
        except TimeoutError:
            self._circuit.failed()
            raise Unavailable("The record store did not answer in time.") from None

    async def pause(self, attempt: int) -> None:
        """Wait before the next try, `attempt` of them being over."""
        # Full jitter: those who met in a conflict do not meet again.
        await asyncio.sleep(self._jitter() * min(FIRST_WAIT_SECONDS * 2**attempt, LONGEST_WAIT_SECONDS))


def _check(answer: Mapping[str, Any], member: str) -> None:
    """Raise EngineDown for an answer that is not DynamoDB's, such as a proxy's page: it would read as "no item"."""
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    is_json = headers.get("content-type", "").startswith("application/x-amz-json")
    if "x-amzn-requestid" not in headers or not is_json or (member and member not in answer):
        raise EngineDown("The record store's answer is not DynamoDB's.")
