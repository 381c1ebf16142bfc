"""Counting attempts, shared by all processes of a registry."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """How many attempts the current window holds, this one included, and when it ends."""

    count: int
    resets_after_seconds: float


class AttemptCounter(Protocol):
    """Fixed windows, each begun by its first attempt.

    Fails open: an engine that is gone counts nothing (its adapter says so in a metric).
    """

    async def hit(self, key: str, *, window_seconds: int) -> AttemptCount:
        """Count one attempt under `key` in its current window."""

    async def count(self, key: str) -> int:
        """How many attempts the current window of `key` holds. Counts none itself."""

    async def refund(self, key: str, *, window_seconds: int) -> None:
        """Take one attempt under `key` back, because it succeeded. Never below zero."""
