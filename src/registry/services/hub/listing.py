"""Listing and searching repositories: each name once, as its main version."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.domain.accounts import Caller
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import Package, PackageType
from registry.domain.repositories import main_of
from registry.domain.search import RegexQuery, SearchField, SearchScope
from registry.ports.packages import PackageStore
from registry.services.hub.cards import tags_of
from registry.services.names.access import Access
from registry.services.packages.catalog import Catalog
from registry.services.search.search import SearchService

_MOST_PAGES = 10
"""So many pages of packages are looked through for one page of repositories, which may be short."""


@dataclass(frozen=True, slots=True)
class RepositoryFilter:
    """Which repositories are wanted. `author` is the part of the name before the slash; all `tags` must be there."""

    kind: PackageType
    search: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    newest_first: bool = True

    def pattern(self) -> str | None:
        """What the names must match, None for all names."""
        if self.search is None and self.author is None:
            return None
        author = f"^{re.escape(self.author)}/.*" if self.author is not None else ""
        return f"(?i){author}{re.escape(self.search or '')}"


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """Main versions, newest first. `next_after` is where the next page starts, None at the end."""

    items: tuple[Package, ...]
    next_after: str | None


class RepositoryListing:
    def __init__(self, packages: PackageStore, catalog: Catalog, search: SearchService, access: Access) -> None:
        self._packages = packages
        self._catalog = catalog
        self._search = search
        self._access = access

    async def list_page(
        self, wanted: RepositoryFilter, caller: Caller, *, limit: int, after: str | None
    ) -> RepositoryPage:
        """A page of the repositories that the caller sees. Raises InvalidInput, Unavailable."""
        items: list[Package] = []
        for _ in range(_MOST_PAGES):
            found, after = await self._next(wanted, caller, limit=limit - len(items), after=after)
            items += await self._main_versions(wanted, found)
            if after is None or len(items) == limit:
                break
        return RepositoryPage(tuple(items), after)

    async def _next(
        self, wanted: RepositoryFilter, caller: Caller, *, limit: int, after: str | None
    ) -> tuple[Sequence[Package], str | None]:
        viewer = await self._access.viewer(caller)
        if (pattern := wanted.pattern()) is not None:
            query = RegexQuery(pattern, frozenset({SearchField.NAME}), SearchScope(wanted.kind, viewer=viewer))
            found = await self._search.find(query, limit=limit, position=after)
            return found.items, found.next_position
        chosen = PackageFilter(
            status=None, type=wanted.kind, viewer=viewer, order=Order.NEWEST if wanted.newest_first else Order.OLDEST
        )
        page = await self._catalog.list_page(chosen, limit=limit, after=after)
        ids = [item.id for item in page.items]
        return await self._packages.get_many(ids) if ids else (), page.next_after

    async def _main_versions(self, wanted: RepositoryFilter, found: Sequence[Package]) -> list[Package]:
        offered = [package for package in found if package.status.is_offered]
        names = sorted({package.name for package in offered})
        versions = await self._packages.list_versions(names) if names else {}
        chosen = []
        for package in offered:
            main = main_of(named for named in versions.get(package.name, ()) if named.type is wanted.kind)
            if main is not None and main.id == package.id and set(wanted.tags) <= set(tags_of(package)):
                chosen.append(package)
        return chosen
