"""Handing work to those who do it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

JobHandler = Callable[[str], Awaitable[None]]
"""Does the work for a package's id. Idempotent: a job may come twice, and come for what is done already."""


class JobQueue(Protocol):
    """Carries ids of packages to rate. A hint, not a record: what it loses is found by the sweep over the requests."""

    async def put(self, package_id: str, *, user: str) -> None:
        """Have the job done soon; `user` asked for it. Raises Unavailable when the queue cannot take it."""
