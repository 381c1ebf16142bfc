"""The server's side of the template process: launching it, giving it orders, hearing its reports."""

import asyncio
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from registry.domain.errors import ParsingCrashed

_log = structlog.get_logger(__name__)
_PROGRAM = "registry.adapters.processes.template"
_END_SECONDS = 2.0
_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Ended:
    """A job's end: `future` has the exit code once its process is gone."""

    future: asyncio.Future[int]
    launched: "Launched"
    number: int

    def kill(self) -> None:
        """Kill the process where it still runs."""
        if not self.future.done():
            self.launched.order({"kill": self.number})


class Launched:
    """A template process. All jobs that run have an entry in `_ends`."""

    def __init__(self, process: "subprocess.Popen[bytes]", orders: socket.socket, folder: str) -> None:
        self._process = process
        self._orders = orders
        self._folder = folder
        self._numbers = itertools.count(1)
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._listening: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()

    async def start(self, **details: Any) -> tuple[Streams, Ended]:
        """Have a process started for a job. Raises ParsingCrashed."""
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        with theirs:
            ours.settimeout(0)
            future = self._ends[number] = asyncio.get_running_loop().create_future()
            self.order({"job": number, **details}, theirs)
        try:
            return await asyncio.open_unix_connection(sock=ours), Ended(future, self, number)
        except BaseException:
            ours.close()  # the job sees that and ends
            raise

    def order(self, order: dict[str, Any], *sockets: socket.socket) -> None:
        """Send an order. A template that takes none has ended, or must: the next job gets another one."""
        try:
            socket.send_fds(self._orders, [json.dumps(order).encode() + b"\n"], [each.fileno() for each in sockets])
        except OSError:
            self._end()

    def listen(self, reports: Streams) -> None:
        """Hear what the template reports, until it ends."""
        self._listening = asyncio.create_task(self._listen(*reports))

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                report = json.loads(line)
                if "job" in report:
                    self._tell(report["job"], report["exit"])
                else:
                    _log.info("parsing_processes_ready", namespaces=report["namespaces"])
        finally:
            writer.close()
            self._end()

    def _tell(self, number: int, exit_code: int) -> None:
        future = self._ends.pop(number, None)
        if future is not None and not future.done():
            future.set_result(exit_code)

    def _end(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._process.kill()
        for number in tuple(self._ends):
            self._tell(number, -1)

    async def close(self) -> None:
        """End the template and all jobs, and wait for that."""
        self._orders.close()
        await asyncio.to_thread(self._wait)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    def _wait(self) -> None:
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


async def launch(modules: Sequence[str], *, search_path: Sequence[str] = ()) -> Launched:
    """Start a template that imports `modules`. It gets no secret: a clean environment and no open file but ours.

    `search_path` are folders with more modules. Raises ParsingCrashed when no process can be started.
    """
    orders, their_orders = socket.socketpair()
    reports, their_reports = socket.socketpair()
    folder = tempfile.mkdtemp(prefix="registry-jobs-")
    theirs = (their_orders.fileno(), their_reports.fileno())
    plan = {"orders": theirs[0], "reports": theirs[1], "folder": folder, "modules": modules, "path": search_path}
    command = [sys.executable, "-I", "-m", _PROGRAM, json.dumps(plan)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}

    def begin() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own program
            command,
            env=environment,
            cwd="/",
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    try:
        process = await asyncio.to_thread(begin)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ParsingCrashed(f"no process can be started: {error.strerror}") from error
    finally:
        their_orders.close()
        their_reports.close()
    orders.settimeout(0)
    reports.settimeout(0)
    launched = Launched(process, orders, folder)
    launched.listen(await asyncio.open_unix_connection(sock=reports))
    return launched
