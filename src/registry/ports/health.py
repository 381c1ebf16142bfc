"""Where the components' health is remembered, so that a window of hours survives restarts and spans processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

REQUEST_BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the buckets that requests are counted in. Samples of a day have them: a change mixes them up."""
REQUESTS = "requests"
"""The component whose calls are the HTTP requests that a process answered."""
QUEUE_PREFIX = "queue:"
"""What the component begins with whose samples have the depth of a queue; its name follows."""


@dataclass(frozen=True, slots=True)
class HealthSample:
    """What one process saw of one component during one minute (`minute` is its start, UTC).

    `buckets` is empty, or counts calls by their time: those within each of `REQUEST_BOUNDS_SECONDS` and above the
    bound before, and last those above all bounds. `depth`: the most jobs that waited; 0 where the component has
    no queue. `max_seconds` is 0 where the longest call is not known.
    """

    minute: datetime
    component: str
    calls: int
    errors: int
    total_seconds: float
    max_seconds: float
    buckets: tuple[int, ...] = ()
    depth: int = 0


def add_buckets(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    """The counts of both; a shorter one lacks the last buckets."""
    length = max(len(some), len(others))
    padded = (counts + (0,) * (length - len(counts)) for counts in (some, others))
    return tuple(map(sum, zip(*padded, strict=True)))


class HealthLog(Protocol):
    async def record(self, samples: Sequence[HealthSample]) -> None:
        """Add samples; those of one minute and component from several processes add up.

        Of longest times and of depths the highest stays.
        """

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        """Samples added up by minute and component, oldest first."""
