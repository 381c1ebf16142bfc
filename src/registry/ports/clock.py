"""Time and identity, handed in so that tests decide them."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC."""


class IdSource(Protocol):
    def new_id(self) -> str:
        """A fresh UUIDv7 (RFC 9562), rising within the process."""
