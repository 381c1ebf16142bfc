"""The clock of this host, and one that hosts agree on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import inf

from registry.ports.clock import Clock

_GOOD_FOR_SECONDS = 60.0
_COARSE_SECONDS = 2.0
"""A `Date` is a whole second, and servers may use it for all answers of a second."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """How many seconds a server's clock is ahead of this host's, at least and at most."""

    lowest: float = -inf
    highest: float = inf

    def within(self, other: "_Bounds") -> "_Bounds":
        return _Bounds(max(self.lowest, other.lowest), min(self.highest, other.highest))

    @property
    def contradict(self) -> bool:
        return self.lowest > self.highest


class AgreedClock:
    """This host's clock; where it is wrong, the time of a server that all hosts ask, by the `Date` of its answers.

    So hosts differ by two seconds at most (usually by the milliseconds that NTP leaves), however wrong the clock of one
    of them is. A clock that may be right is never changed. Dates of the last minute or two count, so a clock that is
    put right is believed soon.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()
        self._before = self._lately = _Bounds()
        self._since = -inf
        self._date: str | None = None
        self._date_seconds = 0.0

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def observe(self, date: str, elapsed_seconds: float) -> None:
        """The server has answered with this `Date`, so long after it was asked. What is no date is left out."""
        if date != self._date:
            try:
                self._date, self._date_seconds = date, parsedate_to_datetime(date).timestamp()
            except ValueError:
                return
        received = self._clock.now().timestamp()
        sent = received - elapsed_seconds
        seen = _Bounds(self._date_seconds - received, self._date_seconds + _COARSE_SECONDS - sent)
        if received - self._since > _GOOD_FOR_SECONDS:
            self._before, self._lately, self._since = self._lately, seen, received
        else:
            self._lately = self._lately.within(seen)
        both = self._lately.within(self._before)
        if both.contradict:  # one of the two clocks has been set
            self._before, self._lately, self._since = _Bounds(), seen, received
            both = seen
        # The lowest bound comes close: one of many answers leaves when its second begins.
        self._ahead = timedelta() if both.lowest <= 0 <= both.highest else timedelta(seconds=both.lowest)
