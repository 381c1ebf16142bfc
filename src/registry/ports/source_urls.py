"""The addresses of packages that are being fetched, where an address has a part that must not be public."""

from datetime import datetime
from typing import Protocol


class SourceUrlStore(Protocol):
    """The whole addresses by package. What is added is durable when it returns. All methods raise Unavailable."""

    async def add(self, package_id: str, url: str, *, expires_at: datetime) -> None:
        """Keep the address from which a package is fetched, until it is removed or its time is over."""

    async def find(self, package_id: str) -> str | None:
        """The address, None where none was kept, or not any more."""

    async def remove(self, package_id: str) -> None:
        """Forget the address. None being kept is fine."""
