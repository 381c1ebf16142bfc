"""Copies of a whole search index, by which a new host spares filling one from the records."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutgoingCopy:
    """A copy of the index as it was at one moment, with its place in the change feed. `chunks` can be read once."""

    packages: int
    chunks: AsyncGenerator[bytes]


class IncomingCopy(Protocol):
    """A copy on its way in. It becomes the index when it is accepted, and leaves nothing otherwise."""

    async def write(self, offset: int, data: bytes) -> None:
        """Put bytes at their place. Raises Unavailable (a full disk)."""

    async def accept(self, *, size: int, sha256: str) -> bool:
        """Make it the index of this host. False where it is not what it should be: then nothing has changed."""


class IndexCopies(Protocol):
    """The index on this host's disk, before this process opens it. All methods raise Unavailable."""

    @property
    def version(self) -> int:
        """The form of the index. A copy of another one is refused."""

    async def enter(self) -> bool:
        """Count this process among those that have the index open; may be called again.

        Whether it is the only one on this host: then nobody else enters before `open_for_others`.
        """

    async def open_for_others(self) -> None:
        """Let others enter. No effect where they may."""

    async def cursor(self) -> str | None:
        """The place in the change feed of an index that is filled, None where there is none."""

    def outgoing(self) -> AbstractAsyncContextManager[OutgoingCopy]:
        """A copy of the index while others go on with it. It takes as much room on the disk meanwhile."""

    def incoming(self) -> AbstractAsyncContextManager[IncomingCopy]:
        """Room for a copy. Only for a process that is the only one."""
