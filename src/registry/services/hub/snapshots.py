"""A snapshot is one download, however many files and requests it has."""

import time
from collections.abc import Callable

from registry.domain.accounts import Caller
from registry.domain.recent import Recent
from registry.ports.throttle import AttemptCounter
from registry.services.hub.repositories import Revision
from registry.services.packages.retrieval import Retrieval

_PAUSE_SECONDS = 600
"""A snapshot has ended when its reader asks for nothing so long: the next file may be large."""
_LONGEST_SECONDS = 3600
"""Of a reader who never stops, each hour counts."""
_MOST_KEPT = 10_000


class Snapshots:
    """Notes in the audit trail what is read of a commit, once for each reader and snapshot.

    The processes of all hosts agree by a counter. While that is away, a snapshot may be noted once by each of them.
    """

    def __init__(
        self, retrieval: Retrieval, counter: AttemptCounter, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._retrieval = retrieval
        self._counter = counter
        self._monotonic = monotonic
        self._open = Recent[tuple[str, str], tuple[float, float]](_MOST_KEPT)

    async def record(self, revision: Revision, caller: Caller, *, address: str) -> None:
        """Note that a file of the revision is being served. `address`: from where the caller reads."""
        key = (revision.commit, f"{caller.principal} {address}")
        now = self._monotonic()
        began, last = self._open.get(key) or (now, float("-inf"))
        goes_on = now - last < _PAUSE_SECONDS and now - began < _LONGEST_SECONDS
        self._open.put(key, (began if goes_on else now, now))
        if goes_on:
            return
        seen = await self._counter.hit(f"snapshot:{key[0]}:{key[1]}", window_seconds=_PAUSE_SECONDS)
        if seen.count <= 1:
            self._retrieval.record_download(revision.servable, caller, whole=True)
