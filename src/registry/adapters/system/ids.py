"""UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix time in ms, then 74 random bits around version and variant."""

import secrets
import struct
import threading
import time
from collections.abc import Callable

_TAIL_BITS = 74
_LOW_BITS = 62
_VERSION_AND_VARIANT = (7 << 76) | (0b10 << 62)


def _system_time_ms() -> int:
    return time.time_ns() // 1_000_000


class UuidSource:
    """Ids that rise within the process, also within a millisecond and while the clock steps back.

    The random bits are RFC 9562's "monotonic random" (section 6.2, method 2): drawn again each millisecond, raised by a
    random step within it. When the clock stands still or steps back, the last time is kept.
    """

    def __init__(self, *, time_ms: Callable[[], int] = _system_time_ms) -> None:
        """`time_ms` gives the Unix time in milliseconds."""
        self._time_ms = time_ms
        self._lock = threading.Lock()
        self._last_ms = -1
        self._tail = 0
        self._drawn: list[int] = []

    def _step(self) -> int:
        """32 random bits, 256 times to a system call: each lets another thread have the interpreter."""
        if not self._drawn:
            self._drawn.extend(struct.unpack("256I", secrets.token_bytes(1024)))
        return self._drawn.pop()

    def _fresh_tail(self) -> int:
        """The top bit is left free, so that a millisecond has room for 2^41 steps at least."""
        return (self._step() << 64 | self._step() << 32 | self._step()) >> (96 - _TAIL_BITS + 1)

    def new_id(self) -> str:
        with self._lock:
            now_ms = self._time_ms()
            if now_ms > self._last_ms:
                self._last_ms, self._tail = now_ms, self._fresh_tail()
            else:
                self._tail += 1 + self._step()
                if self._tail >> _TAIL_BITS:
                    self._last_ms, self._tail = self._last_ms + 1, self._fresh_tail()
            milliseconds, tail = self._last_ms, self._tail
        high, low = tail >> _LOW_BITS, tail & ((1 << _LOW_BITS) - 1)
        digits = f"{milliseconds << 80 | high << 64 | low | _VERSION_AND_VARIANT:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
