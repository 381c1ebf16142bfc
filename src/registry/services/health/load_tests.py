"""Load tests of this instance: whether one may begin, and what its measurements come to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from registry.domain.errors import PermissionDenied, Throttled
from registry.ports.clock import Clock
from registry.ports.maintenance import UpgradeStore
from registry.services.maintenance.leases import take_lease

TARGET_P95_MS = 500.0
_LEASE = "load-test"
_MARGIN_SECONDS = 30
_ERRORS = 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of request: how many, how many failed, how many were refused (429), and times in ms (None: no times)."""

    name: str
    requests: int
    errors: int
    refused: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class LoadTests:
    """One at a time for all processes. `most_seconds` is the operator's bound; 0 allows none."""

    def __init__(self, leases: UpgradeStore, clock: Clock, *, most_seconds: int) -> None:
        self._leases = leases
        self._clock = clock
        self.most_seconds = most_seconds

    @asynccontextmanager
    async def leased(self, seconds: int) -> AsyncIterator[None]:
        """The right to run a test of so many seconds.

        Raises PermissionDenied where the setting does not allow it, Throttled while another one runs.
        """
        if seconds > self.most_seconds:
            allowed = f"at most {self.most_seconds} seconds" if self.most_seconds else "none"
            raise PermissionDenied(f"This registry allows load tests of {allowed}; see REGISTRY_LOAD_TEST_SECONDS.")
        now = self._clock.now()
        until = now + timedelta(seconds=seconds + _MARGIN_SECONDS)
        lease = await take_lease(self._leases, _LEASE, now=now, until=until)
        if lease is None:
            raise Throttled("A load test is running. Wait for its end.", retry_after_seconds=seconds)
        try:
            yield
        finally:
            await self._leases.swap(_LEASE, self._clock.now().isoformat(), expected=lease)


def measured(name: str, answers: Sequence[tuple[int, float]]) -> Measured:
    """What the answers (status, seconds) of one kind of request come to. Refusals have no place among the times."""
    times = sorted(seconds * 1000 for status, seconds in answers if status != _TOO_MANY)
    return Measured(
        name,
        len(answers),
        sum(status >= _ERRORS for status, _ in answers),
        sum(status == _TOO_MANY for status, _ in answers),
        *(_quantile(times, share) for share in (0.5, 0.95, 0.99, 1.0)),
    )


def _quantile(times: Sequence[float], share: float) -> float | None:
    """The smallest time that at least this share of all does not exceed."""
    if not times:
        return None
    return round(times[ceil(share * len(times)) - 1], 3)


def by_kind(answers: Mapping[str, Sequence[tuple[int, float]]]) -> list[Measured]:
    """All requests together first, then each kind."""
    every = [answer for some in answers.values() for answer in some]
    return [measured("all", every), *(measured(name, some) for name, some in answers.items())]
