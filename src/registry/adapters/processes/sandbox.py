"""`Sandbox` over a template process that forks for each job.

Weighed and left: Pebble's pool (LGPL-3.0), and with it every pool of the standard library's make: they unpickle what
workers send, share one result pipe among them, and use one worker for many users' bytes.
"""

import asyncio
import contextlib
import math
import pickle
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast, get_type_hints

import structlog
from pydantic import TypeAdapter, ValidationError

from registry.adapters.processes.frames import (
    FAILURE,
    JOB_HEADER,
    MAX_FAILURE_BYTES,
    MAX_RESULT_BYTES,
    RANGE,
    READ,
    RESULT,
    SERVER_HEADER,
    WINDOW_BYTES,
)
from registry.adapters.processes.launching import Ended, Launched, Streams, launch
from registry.adapters.processes.slots import FairSlots
from registry.domain.errors import ParsingAborted, ParsingCrashed, ParsingOutOfMemory, ParsingTimedOut
from registry.ports.sandbox import ByteSource, JobLimits

_log = structlog.get_logger(__name__)
_Result = TypeVar("_Result")
_DECODED_AT_ONCE_BYTES = 32 * 1024
"""What is longer is decoded in a thread: 1 MB takes some 5 ms."""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """How many jobs run at a time, at which nice value, and what their template imports before the first of them.

    `search_path`: folders with more modules than those that are installed.
    """

    count: int
    nice: int = 0
    modules: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()


class _Pool:
    """A template with its slots. It is launched when first needed, and again when it has ended."""

    def __init__(self, plan: PoolPlan) -> None:
        self._plan = plan
        self._slots = FairSlots(plan.count)
        self._launching: asyncio.Task[Launched] | None = None

    async def start(self, module: str, limits: JobLimits, user: str) -> tuple[Streams, Ended]:
        """Start a process when it is the user's turn. Its slot is free again when it has ended."""
        await self._slots.acquire(user)
        try:
            launched = await self.launched()
            streams, ended = await launched.start(
                modules=(module,),
                nice=self._plan.nice,
                cpu_seconds=math.ceil(limits.seconds),
                memory_bytes=limits.memory_bytes,
            )
        except BaseException:
            self._slots.release(user)
            raise
        ended.future.add_done_callback(lambda _: self._slots.release(user))
        return streams, ended

    async def launched(self) -> Launched:
        if self._launching is None or (self._launching.done() and not _usable(self._launching)):
            self._launching = asyncio.create_task(self._launch(self._launching))
        return await asyncio.shield(self._launching)

    async def _launch(self, ended: "asyncio.Task[Launched] | None") -> Launched:
        if ended is not None and ended.exception() is None:
            await ended.result().close()
        return await launch(self._plan.modules, search_path=self._plan.search_path)

    async def close(self) -> None:
        if self._launching is not None:
            with contextlib.suppress(ParsingCrashed):
                await (await self._launching).close()


class ProcessSandbox:
    """Implements Sandbox. Use `open_sandbox`."""

    def __init__(self, urgent: PoolPlan, background: PoolPlan) -> None:
        self._pools = {True: _Pool(urgent), False: _Pool(background)}
        self._adapters: dict[Callable[..., object], TypeAdapter[object]] = {}

    async def run(
        self,
        function: Callable[..., _Result],
        source: ByteSource | None,
        *arguments: object,
        limits: JobLimits,
        user: str = "",
        urgent: bool = False,
    ) -> _Result:
        adapter = self._adapter(function)
        job = pickle.dumps((function, source.size if source else None, arguments))
        streams, ended = await self._pools[urgent].start(_named(function).__module__, limits, user)
        try:
            async with asyncio.timeout(limits.seconds):
                data = await _converse(*streams, job, source)
                if data is None:
                    raise _reason(await asyncio.shield(ended.future))
            return await _decode(adapter, data)
        except TimeoutError:
            error = ParsingTimedOut(f"reading it took longer than {limits.seconds:g} s")
            _log.warning("parsing_aborted", function=_named(function).__name__, reason=str(error))
            raise error from None
        except ParsingAborted as error:
            _log.warning("parsing_aborted", function=_named(function).__name__, reason=str(error))
            raise
        finally:
            streams[1].transport.abort()
            ended.kill()

    async def keep_ready(self) -> None:
        """Until cancelled, have a template for urgent jobs at hand, so that none of them waits for its start."""
        while True:
            await (await self._pools[True].launched()).ended.wait()

    async def close(self) -> None:
        """Kill what runs."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def _adapter(self, function: Callable[..., _Result]) -> "TypeAdapter[_Result]":
        named = _named(function)
        if named not in self._adapters:
            self._adapters[named] = TypeAdapter(get_type_hints(named)["return"])
        return cast("TypeAdapter[_Result]", self._adapters[named])


@asynccontextmanager
async def open_sandbox(*, urgent: PoolPlan, background: PoolPlan) -> AsyncIterator[ProcessSandbox]:
    """A sandbox; at the end all jobs are killed."""
    sandbox = ProcessSandbox(urgent, background)
    try:
        yield sandbox
    finally:
        await sandbox.close()


def _named(function: Callable[..., _Result]) -> Callable[..., _Result]:
    return function.func if isinstance(function, partial) else function


def _usable(launching: "asyncio.Task[Launched]") -> bool:
    return launching.exception() is None and not launching.result().ended.is_set()


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, job: bytes, source: ByteSource | None
) -> bytes | None:
    """Serve the job's reads until it sends its result; None where its process ended before that."""
    try:
        await _send(writer, job)
        while True:
            kind, length = JOB_HEADER.unpack(await reader.readexactly(JOB_HEADER.size))
            if kind == READ and length == RANGE.size and source is not None:
                offset, wanted = RANGE.unpack(await reader.readexactly(length))
                if wanted > WINDOW_BYTES or offset + wanted > source.size:
                    raise ParsingCrashed("its process asked for bytes that are not there")
                await _send(writer, await source.read(offset, wanted))
            elif kind == RESULT and length <= MAX_RESULT_BYTES:
                return await reader.readexactly(length)
            elif kind == FAILURE and length <= MAX_FAILURE_BYTES:
                raise _failure(await reader.readexactly(length))
            else:
                raise ParsingCrashed("its process sent something that makes no sense")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.writelines((SERVER_HEADER.pack(len(data)), data))
    await writer.drain()


def _failure(name: bytes) -> ParsingAborted:
    text = name.decode("ascii", "replace")
    if text == "MemoryError":
        return ParsingOutOfMemory("reading it took more memory than it may")
    return ParsingCrashed(f"it could not be read: {text if text.isidentifier() else 'an error without a name'}")


def _reason(exit_code: int) -> ParsingAborted:
    """Why a process ended without a word."""
    if exit_code == -signal.SIGXCPU:
        return ParsingTimedOut("reading it took more CPU time than it may")
    if exit_code == -signal.SIGKILL:
        return ParsingOutOfMemory("its process was killed, most likely because the machine ran out of memory")
    return ParsingCrashed(f"its process ended with {exit_code}")


async def _decode(adapter: "TypeAdapter[_Result]", data: bytes) -> _Result:
    try:
        if len(data) <= _DECODED_AT_ONCE_BYTES:
            return adapter.validate_json(data, strict=True)
        return await asyncio.to_thread(adapter.validate_json, data, strict=True)
    except ValidationError:
        raise ParsingCrashed("its process sent a result of another form") from None
