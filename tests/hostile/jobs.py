"""Functions that run as isolated jobs: well-behaved ones, and ones that do what a job that was taken over would."""

import ctypes
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO


class Color(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Report:
    color: Color
    parts: tuple[tuple[str, int], ...]
    note: str | None = None


def report(file: BinaryIO, name: str) -> Report:
    head = file.read(4)
    file.seek(-3, os.SEEK_END)
    return Report(Color.RED, ((name, len(head)), (file.read().decode(), file.tell())))


def total(file: BinaryIO) -> int:
    return sum(len(piece) for piece in iter(lambda: file.read(1_000_003), b""))


def wrong_form() -> Report:
    return {"color": "blue", "parts": []}  # type: ignore[return-value]


def huge_number() -> int:
    return 10**5000


def surrogate() -> str:
    return "\ud800"


def fail() -> int:
    raise ValueError("with a text that nobody should trust: <script>")


def recurse() -> int:
    return 1 + recurse()


def spin() -> int:
    while True:
        pass


def sleep() -> int:
    time.sleep(60)
    return 0


def fill_memory() -> int:
    return len([bytearray(16 * 1024 * 1024) for _ in range(1_000)])


def spin_in_c() -> int:
    """Holds the interpreter: no signal handler of Python's would run."""
    return len(str(7 ** (10**8)))


def crash() -> int:
    return ctypes.string_at(0)[0]


def leave(code: int) -> int:
    os._exit(code)


def talk_nonsense() -> int:
    os.write(3, b"\xff" * 4096)
    time.sleep(60)
    return 0


def ask_beyond_the_end(file: BinaryIO) -> int:
    os.write(3, b"\x01" + (12).to_bytes(4, "little") + (10**12).to_bytes(8, "little") + (4096).to_bytes(4, "little"))
    time.sleep(60)
    return len(file.read(1))


def start_a_program(path: str) -> int:
    """Starts a program that would outlive the job, then waits."""
    subprocess.run([sys.executable, "-c", f"open({path!r}, 'w').close(); import time; time.sleep(300)"], check=False)
    return 0


def leave_a_file() -> str:
    folder = tempfile.mkdtemp()
    (Path(folder) / "left").write_text("x")
    return folder


def surroundings() -> dict[str, str]:
    """What a job can see of the machine and of the server."""
    found = dict(os.environ)
    attempts: dict[str, Callable[[], object]] = {
        "network": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "socket": socket.socket,
        "signal": lambda: os.kill(os.getppid(), 0),
        "descriptors": lambda: ",".join(sorted(os.listdir("/proc/self/fd"))),  # noqa: PTH208
    }
    for name, attempt in attempts.items():
        try:
            found[f"try-{name}"] = str(attempt())
        except OSError as error:
            found[f"try-{name}"] = type(error).__name__
    return found
