"""Searching: ids from the index, packages from the records."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from registry.domain.errors import InvalidInput, Unavailable
from registry.domain.packages import Package, PackageType
from registry.domain.search import MAX_TEXT_LENGTH, IndexState, RegexQuery, SearchScope, Snippet, TextQuery
from registry.domain.versions import VersionRange
from registry.domain.visibility import Viewer
from registry.ports.search import IndexedRecords, SearchIndex, dependency_target

_log = structlog.get_logger()
_CHANGE_SECONDS = 5.0
"""How long a search waits for changes of its own process to be indexed; then it answers without the last of them."""
_MORE_SECONDS = 0.3
"""A page that is short is filled up for so long: with what the index takes for one page more, under a second."""


class OwnedNames(Protocol):
    async def list_owned(
        self, principal: str, names: Collection[tuple[PackageType, str]]
    ) -> Collection[tuple[PackageType, str]]:
        """Those of the names that the principal owns."""


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
    """What routes call. Every package returned is read from the records in this very request, in one batch.

    So a package that was deleted, hidden or changed in type, status or tags since it was indexed is left out. A page
    may be short, even empty, and have a next one: the time for one answer was up.
    """

    def __init__(
        self,
        index: SearchIndex,
        packages: IndexedRecords,
        follower: FollowsChanges,
        names: OwnedNames,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = index
        self._packages = packages
        self._follower = follower
        self._names = names
        self._monotonic = monotonic
        self._behind = False

    async def find(self, query: RegexQuery, *, limit: int, position: str | None = None) -> FoundPackages:
        """Packages whose name or README the pattern matches.

        Raises InvalidInput (the details carry `position` in characters where it is known) and Unavailable.
        """
        if not query.fields:
            raise InvalidInput("name one field at least: name, readme", pointer="/in")
        await self.check()
        await self._see_own_changes()
        deadline = self._monotonic() + _MORE_SECONDS
        items: list[Package] = []
        found = await self._index.find(query, limit=limit, position=position)
        while True:
            present = await self._present(found.ids, query.scope)
            items += (present[id_] for id_ in found.ids if id_ in present)
            position = found.next_position
            if position is None or len(items) == limit or self._monotonic() >= deadline:
                return FoundPackages(tuple(items), position)
            try:
                found = await self._index.find(query, limit=limit - len(items), position=position)
            except Unavailable:  # too many others search: a short page is an answer, too
                return FoundPackages(tuple(items), position)

    async def rank(self, query: TextQuery, *, limit: int, position: str | None = None) -> RankedPackages:
        """Packages that have the words, the best first; where the caller sees none of them, those with similar words.

        So packages that are hidden from the caller change nothing: neither which words are found, nor how long a page
        is. Raises InvalidInput and Unavailable.
        """
        if len(query.text) > MAX_TEXT_LENGTH:
            raise InvalidInput(f"search for {MAX_TEXT_LENGTH} characters at most", pointer="/q")
        await self.check()
        await self._see_own_changes()
        page = await self._ranked(query, limit=limit, position=position, similar=False)
        if position is None and not page.items and page.next_position is None:
            page = await self._ranked(query, limit=limit, position=None, similar=True)
        return page

    async def _ranked(self, query: TextQuery, *, limit: int, position: str | None, similar: bool) -> RankedPackages:
        """A page of what the caller sees, looked for until it is full and one more is there, or the time is up."""
        deadline = self._monotonic() + _MORE_SECONDS
        items: list[RankedPackage] = []
        positions: list[str] = []
        while True:
            found = await self._index.rank(query, limit=limit + 1 - len(items), position=position, similar=similar)
            present = await self._present([item.id for item in found.items], query.scope)
            seen = [item for item in found.items if item.id in present]
            items += [RankedPackage(present[item.id], item.score, item.snippet) for item in seen]
            positions += [item.position for item in seen]
            position = found.next_position
            if len(items) > limit:
                return RankedPackages(tuple(items[:limit]), positions[limit - 1], found.corrected)
            if position is None or self._monotonic() >= deadline:
                return RankedPackages(tuple(items), position, found.corrected)

    async def list_dependents(
        self, package: Package, viewer: Viewer, *, limit: int, position: str | None = None
    ) -> FoundPackages:
        """Packages with a dependency that may mean this version, by its id or by name and range; newest first.

        Raises InvalidInput for a position that is none, and Unavailable.
        """
        await self.check()
        await self._see_own_changes()
        deadline = self._monotonic() + _MORE_SECONDS
        targets = [dependency_target(package.name, None), dependency_target(package.name, package.id)]
        items: list[Package] = []
        while True:
            found = await self._index.dependents(targets, limit=limit - len(items), position=position)
            present = await self._present(found.ids, SearchScope(viewer=viewer))
            items += (present[id_] for id_ in found.ids if id_ in present and _may_mean(present[id_], package))
            position = found.next_position
            if position is None or len(items) == limit or self._monotonic() >= deadline:
                return FoundPackages(tuple(items), position)

    async def changed(self) -> None:
        """Awaited by who changed a package: the next search of this process sees the change.

        It is indexed by that search, or by the follower's next poll, whichever comes first: to index it here made a
        small publish pay for the index, and a burst of them for each change alone.
        """
        self._behind = True

    async def _see_own_changes(self) -> None:
        """Index what this process changed. A search goes on without it rather than fail, and says so in the log."""
        if not self._behind:
            return
        self._behind = False
        try:
            async with asyncio.timeout(_CHANGE_SECONDS):
                await self._follower.catch_up()
        except (Unavailable, TimeoutError) as error:
            self._behind = True
            _log.warning("search_index_lags", reason=str(error))
        except Exception:  # noqa: BLE001  (a damaged index must not hide what it still finds)
            self._behind = True
            _log.exception("search_index_broken")

    def state(self) -> IndexState:
        """For readiness: not `ready` while the index is filled, nor before it has caught up after a start."""
        state = self._index.state()
        return replace(state, ready=state.ready and self._follower.has_caught_up)

    async def check(self) -> None:
        """For readiness. Raises Unavailable while searches are refused: while the index is filled, or after a start
        until this process has seen what had changed before."""
        state = self.state()
        if not state.ready:
            raise Unavailable(f"The search index is being built; it holds {state.packages} packages by now.")

    async def _present(self, ids: Sequence[str], scope: SearchScope) -> dict[str, Package]:
        packages = await self._packages.get_many(ids) if ids else []
        found = [package for package in packages if scope.covers(package)]
        viewer = scope.viewer
        hidden = {(package.type, package.name) for package in found if not viewer.sees_status(package.status)}
        owned: Collection[tuple[PackageType, str]] = ()
        if hidden and viewer.principal is not None:
            owned = await self._names.list_owned(viewer.principal, hidden)
        return {
            package.id: package
            for package in found
            if viewer.sees_status(package.status) or (package.type, package.name) in owned
        }


def _may_mean(dependent: Package, package: Package) -> bool:
    """Whether one of the dependencies names the package, or a range that has its version."""
    return any(
        dependency.id == package.id
        if dependency.id is not None
        else dependency.name == package.name
        and (dependency.version is None or VersionRange.parse(dependency.version).contains(package.version))
        for dependency in dependent.dependencies
    )
