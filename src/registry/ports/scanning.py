"""What reads a content for a verdict."""

from typing import Protocol

from registry.domain.packages import Content
from registry.domain.safety import ScanReport


class ContentScanner(Protocol):
    async def scan(self, content: Content, *, user: str) -> ScanReport:
        """What `user`'s content holds that could run code. Nothing of it is ever loaded or run.

        A reader that breaks, or takes too much time or memory, is part of the report: `not_scanned`, with the reason.
        Raises NotFound when the bytes are missing, Unavailable when they cannot be read now.
        """
