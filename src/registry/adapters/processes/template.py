"""The template process: imports what jobs need, then forks itself for each one. Run with `python -m`.

Orders come as lines of JSON over a socket, a job's with its end of a socket pair; reports go back as lines over
another. The template never reads untrusted bytes. When the server ends, the template does, and all jobs with it.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pickle
import selectors
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from registry.adapters.processes.confinement import (
    address_space_bytes,
    be_killed_first,
    die_with_parent,
    enter_namespaces,
    limit_resources,
    refuse_system_calls,
)
from registry.adapters.processes.content import Channel, Content
from registry.adapters.processes.frames import FAILURE, MAX_FAILURE_BYTES, RESULT

_ORDER_BYTES = 64 * 1024
_MOST_DESCRIPTORS = 64


class Template:
    def __init__(self, orders: socket.socket, reports: socket.socket, folder: Path) -> None:
        self._orders = orders
        self._reports = reports
        self._folder = folder
        self._pending = b""
        self._descriptors: list[int] = []
        self._numbers: dict[int, int] = {}  # a job's number by its process

    def serve(self, wakeup: int) -> None:
        """Until the server goes."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._orders, selectors.EVENT_READ)
            selector.register(wakeup, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if wakeup in ready:
                    os.read(wakeup, 4096)
                    self._reap()
                if self._orders.fileno() in ready and not self._obey():
                    return

    def end(self) -> None:
        for process in self._numbers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)

    def _obey(self) -> bool:
        """Carry out what has come; False at the end."""
        data, descriptors, _, _ = socket.recv_fds(self._orders, _ORDER_BYTES, _MOST_DESCRIPTORS)
        if not data:
            return False
        self._descriptors += descriptors
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "kill" in order:
                self._kill(order["kill"])
            else:
                self._start(order, self._descriptors.pop(0))
        return True

    def _start(self, order: dict[str, Any], descriptor: int) -> None:
        for name in order["modules"]:
            if name not in sys.modules:
                importlib.import_module(name)
        folder = self._folder / str(order["job"])
        folder.mkdir()
        process = os.fork()
        if process == 0:
            self._become_job(order, descriptor, folder)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(process, process)  # the child does it too: whichever comes first
        os.close(descriptor)
        self._numbers[process] = order["job"]

    def _become_job(self, order: dict[str, Any], descriptor: int, folder: Path) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            die_with_parent()
            os.dup2(descriptor, 3)
            os.closerange(4, 1024)
            os.nice(order["nice"])
            tempfile.tempdir = str(folder)
            _run(Channel(3), order)
            status = 0
        finally:
            os._exit(status)

    def _kill(self, number: int) -> None:
        for process, known in self._numbers.items():
            if known == number:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            number = self._numbers.pop(process, None)
            if number is None:
                continue  # a program that a killed job had started
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process, signal.SIGKILL)  # the programs that it started
            shutil.rmtree(self._folder / str(number), ignore_errors=True)
            exit_code = os.waitstatus_to_exitcode(status)
            self._reports.sendall(json.dumps({"job": number, "exit": exit_code}).encode() + b"\n")


def _run(channel: Channel, order: dict[str, Any]) -> None:
    """Do the job and send what came out of it; exceptions go as their type's name."""
    try:
        function, size, arguments = pickle.loads(channel.receive())  # noqa: S301 - from the server, which is trusted
        limit_resources(cpu_seconds=order["cpu_seconds"], memory_bytes=order["memory_bytes"])
        refuse_system_calls()
        if size is None:
            result = function(*arguments)
        else:
            with io.BufferedReader(Content(channel, size)) as file:
                result = function(file, *arguments)
        encoded = orjson.dumps(result)
    except Exception as error:  # noqa: BLE001 - crafted bytes raise all sorts of errors
        memory = isinstance(error, MemoryError)
        channel.send(FAILURE, ("MemoryError" if memory else type(error).__name__).encode()[:MAX_FAILURE_BYTES])
    else:
        channel.send(RESULT, encoded)


def _isolate() -> bool:
    """Go on in a child with namespaces of its own, where the system allows that; this process waits for it."""
    if not enter_namespaces():
        return False
    child = os.fork()
    if child:
        os.closerange(3, 1024)
        _, status = os.waitpid(child, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)))
    die_with_parent()
    return True


def main(plan: dict[str, Any]) -> None:
    """Serve until the server goes. The plan has descriptors, the folder for jobs, modules and where to find them."""
    isolated = _isolate()
    sys.path += plan["path"]
    folder = plan["folder"]
    with socket.socket(fileno=plan["orders"]) as orders, socket.socket(fileno=plan["reports"]) as reports:
        for name in plan["modules"]:
            importlib.import_module(name)
        address_space_bytes()
        be_killed_first()
        gc.collect()
        gc.freeze()  # so that a fork's collector leaves shared pages alone
        wakeup, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        template = Template(orders, reports, Path(folder))
        with contextlib.suppress(OSError):
            reports.sendall(json.dumps({"ready": True, "namespaces": isolated}).encode() + b"\n")
            try:
                template.serve(wakeup)
            finally:
                template.end()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
