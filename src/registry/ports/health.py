"""Where the components' health is remembered, so that a window of hours survives restarts and spans processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HealthSample:
    """What one process saw of one component during one minute (`minute` is its start, UTC)."""

    minute: datetime
    component: str
    calls: int
    errors: int
    total_seconds: float
    max_seconds: float


class HealthLog(Protocol):
    async def record(self, samples: Sequence[HealthSample]) -> None:
        """Add samples; those of one minute and component from several processes add up."""

    async def list_samples(self, *, since: datetime) -> Sequence[HealthSample]:
        """Samples added up by minute and component, oldest first."""
