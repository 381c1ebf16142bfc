"""How much of the store each user takes up."""

from typing import Protocol


class UsageStore(Protocol):
    async def stored_bytes(self, user: str) -> int:
        """The sum of the contents' sizes of the packages that `user` created. Costs one point read."""
