"""What the kernel is asked to refuse to jobs. Linux gives all of it, other systems the resource limits only.

Namespaces (no network, no sight of other processes) need a kernel that lets this user make them; most containers
refuse. The system call filter holds in containers too.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_MOST_FILE_BYTES = 1024 * 1024 * 1024
_MOST_OPEN_FILES = 256
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_NEW_USER, _NEW_PID, _NEW_NET, _NEW_IPC = 0x1000_0000, 0x2000_0000, 0x4000_0000, 0x0800_0000
_EPERM = 1
_X32_BIT = 0x4000_0000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, …|JGE|K, BPF_RET|K
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000 | _EPERM, 0x8000_0000
# Sockets, signals to and memory of other processes, namespaces, mounts, kernel keys and modules, BPF, io_uring.
_REFUSED_CALLS = {
    "x86_64": (
        0xC000_003E,
        (41, 42, 43, 44, 46, 49, 50, 53, 62, 101, 165, 166, 175, 200, 234, 246, 248, 249, 250, 272, 288, 298, 304, 307,
         308, 310, 311, 313, 321, 323, 424, 425, 434, 438),
    ),
    "aarch64": (
        0xC000_00B7,
        (39, 40, 97, 104, 105, 117, 129, 130, 131, 198, 199, 200, 201, 202, 203, 206, 211, 217, 218, 219, 241, 242,
         265, 268, 269, 270, 271, 273, 280, 282, 424, 425, 434, 438),
    ),
}  # fmt: skip


_LIBC = ctypes.CDLL(None, use_errno=True)


def enter_namespaces() -> bool:
    """Give the next child, and all its descendants, namespaces of their own: no network, no other process in sight.

    False where the system or its administrator does not allow that.
    """
    if sys.platform != "linux":
        return False
    unshare = getattr(_LIBC, "unshare", None)
    return unshare is not None and unshare(_NEW_USER | _NEW_PID | _NEW_NET | _NEW_IPC) == 0


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def limit_resources(*, cpu_seconds: int, memory_bytes: int) -> None:
    """Bound CPU time, address space (beyond what is in use), sizes of files, open files; no core dumps."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, cpu_seconds, more=1)  # at the lower limit the kernel says why, at the higher it kills
    _limit(resource.RLIMIT_FSIZE, _MOST_FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, _MOST_OPEN_FILES)
    with suppress(OSError, ValueError):  # macOS knows no limit of the address space
        _limit(resource.RLIMIT_AS, address_space_bytes() + memory_bytes)


def be_killed_first() -> None:
    """When the machine's memory runs out, the kernel ends this process and its children before a server (Linux)."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def refuse_system_calls() -> bool:
    """Refuse sockets, signals to others and what else no parser needs, for good. False where there is no filter."""
    known = _REFUSED_CALLS.get(platform.machine())
    if sys.platform != "linux" or known is None or _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return bool(_LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, _program(*known)[0], 0, 0) == 0)


@cache
def _program(architecture: int, refused: tuple[int, ...]) -> "tuple[ctypes.Array[ctypes.c_char], object]":
    """struct sock_fprog (the number of instructions, and where they are), and what it refers to."""
    instructions = _filter(architecture, refused)
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    header = struct.pack("@HP", len(instructions) // 8, ctypes.addressof(buffer))
    return ctypes.create_string_buffer(header, len(header)), buffer


def _filter(architecture: int, refused: tuple[int, ...]) -> bytes:
    """A classic BPF program over struct seccomp_data: the call's number at 0, the architecture at 4."""
    count = len(refused)
    lines = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, count + 1, 0, _X32_BIT),
        *((_JUMP_EQUAL, count - place, 0, number) for place, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _limit(kind: int, value: int, *, more: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    most = value + more if hard == resource.RLIM_INFINITY else min(value + more, hard)
    resource.setrlimit(kind, (min(value, most), most))


@cache  # a job has what its template has
def address_space_bytes() -> int:
    """What this process occupies, in bytes; 0 where that cannot be known."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
