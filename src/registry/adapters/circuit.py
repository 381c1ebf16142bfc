"""A circuit breaker: when an engine is down, callers are refused at once and the engine is left alone for a moment."""

import time
from collections.abc import Callable


class Circuit:
    """Opens after `failures` in a row; then one caller in `rest_seconds` may try, and its success closes it.

    `monotonic` is a clock in seconds. One event loop uses a circuit, so it needs no lock.
    """

    def __init__(
        self, *, failures: int = 5, rest_seconds: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._failures = 0
        self._next_try_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def allows(self) -> bool:
        """Whether a call may be tried now. Where this is true for an open circuit, the caller is the probe."""
        if not self.is_open:
            return True
        now = self._monotonic()
        if now < self._next_try_at:
            return False
        self._next_try_at = now + self._rest_seconds
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self.is_open:
            self._next_try_at = self._monotonic() + self._rest_seconds
