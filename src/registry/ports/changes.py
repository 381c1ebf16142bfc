"""What changed in the records, for those who keep a projection of them (the search index)."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Ids of packages that were added, changed or removed, each once, and the cursor to go on from.

    `complete`: there was nothing more at the time of the read.
    """

    cursor: str
    package_ids: tuple[str, ...]
    complete: bool = True


class ChangeFeed(Protocol):
    """The order of changes. Cursors are opaque, and good for as long as the registry is not reset.

    A follower takes `latest`, fills its projection from a walk over the records, and then reads on from that cursor:
    each package of a page is read again, and one that is gone is dropped. Changes that fall into the walk are seen
    twice, never missed.
    """

    async def latest(self) -> str:
        """The cursor after every change acknowledged so far."""

    async def read(self, after: str, *, limit: int, current: bool = True) -> ChangePage | None:
        """The next changes after the cursor `after`, about oldest first; none when the follower is up to date.

        A package that changed several times is returned once, at its last change; one that a follower could have
        missed is returned again, and then a page may have more than `limit`. A cursor that has moved is stored, though
        nothing changed: it is good for as long as its time is not too far in the past.

        `current`: every change that was acknowledged before the call is found. Without it, one of the last second may
        be found a moment later, for less.

        None after a reset of the registry: the follower forgets everything and begins again with `latest`.
        """
