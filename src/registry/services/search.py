"""Searching: ids from the index, packages from the records."""

from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from registry.domain.errors import InvalidInput, Unavailable
from registry.domain.packages import Package
from registry.domain.search import MAX_TEXT_LENGTH, IndexState, RegexQuery, SearchScope, Snippet, TextQuery
from registry.ports.search import IndexedRecords, SearchIndex

_log = structlog.get_logger()


class FollowsChanges(Protocol):
    @property
    def has_caught_up(self) -> bool:
        """Whether this process has once seen all that had changed before it started."""

    async def catch_up(self) -> None:
        """Return when searches of this process see every change that was acknowledged before the call."""


@dataclass(frozen=True, slots=True)
class FoundPackages:
    """One page, newest first. `next_position` is where the next page starts, None at the end."""

    items: tuple[Package, ...]
    next_position: str | None


@dataclass(frozen=True, slots=True)
class RankedPackage:
    package: Package
    score: float
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class RankedPackages:
    """One page, the best first. `corrected`: no package had the words, these have similar ones."""

    items: tuple[RankedPackage, ...]
    next_position: str | None
    corrected: bool


class SearchService:
    """What routes call. Every package told is read from the records in this very request, in one batch.

    So a package that was deleted, hidden or changed in type, status or tags since it was indexed is left out, and a
    page may be short.
    """

    def __init__(self, index: SearchIndex, packages: IndexedRecords, follower: FollowsChanges) -> None:
        self._index = index
        self._packages = packages
        self._follower = follower

    async def find(self, query: RegexQuery, *, limit: int, position: str | None = None) -> FoundPackages:
        """Packages whose name or README the pattern matches.

        Raises InvalidInput (the details carry `position` in characters where it is known) and Unavailable.
        """
        if not query.fields:
            raise InvalidInput("name one field at least: name, readme", pointer="/in")
        found = await self._index.find(query, limit=limit, position=position)
        present = await self._present(found.ids, query.scope)
        return FoundPackages(tuple(present[id_] for id_ in found.ids if id_ in present), found.next_position)

    async def rank(self, query: TextQuery, *, limit: int, position: str | None = None) -> RankedPackages:
        """Packages that have the words, the best first. Raises InvalidInput and Unavailable."""
        if len(query.text) > MAX_TEXT_LENGTH:
            raise InvalidInput(f"search for {MAX_TEXT_LENGTH} characters at most", pointer="/q")
        found = await self._index.rank(query, limit=limit, position=position)
        present = await self._present([item.id for item in found.items], query.scope)
        items = tuple(
            RankedPackage(present[item.id], item.score, item.snippet) for item in found.items if item.id in present
        )
        return RankedPackages(items, found.next_position, found.corrected)

    async def changed(self) -> None:
        """Awaited by who changed a package, before the change is acknowledged: this process finds it from then on.

        Never fails and never waits for the index to be filled: the change is durable whatever becomes of the index.
        """
        if not self._index.state().ready:
            return
        try:
            await self._follower.catch_up()
        except Unavailable as error:
            _log.warning("search_index_lags", reason=str(error))

    def state(self) -> IndexState:
        """For readiness: not `ready` while the index is filled, nor before it has caught up after a start."""
        state = self._index.state()
        return replace(state, ready=state.ready and self._follower.has_caught_up)

    async def _present(self, ids: "list[str] | tuple[str, ...]", scope: SearchScope) -> dict[str, Package]:
        packages = await self._packages.get_many(ids) if ids else []
        return {package.id: package for package in packages if scope.covers(package)}
