"""Listing and searching repositories: each name once, as its main version."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.domain.accounts import Caller
from registry.domain.downloads import MAX_RANKED
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import Package, PackageType
from registry.domain.repositories import main_of
from registry.domain.search import RegexQuery, SearchField, SearchScope
from registry.ports.packages import PackageStore
from registry.services.hub.cards import tags_of
from registry.services.names.access import Access
from registry.services.packages.catalog import Catalog
from registry.services.packages.popularity import Popularity
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
    by_downloads: bool = False

    def pattern(self) -> str | None:
        """What the names must match, None for all names."""
        if self.search is None and self.author is None:
            return None
        author = f"^{re.escape(self.author)}/.*" if self.author is not None else ""
        return f"(?i){author}{re.escape(self.search or '')}"


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """Main versions in the order asked for. `next_after` is where the next page starts, None at the end."""

    items: tuple[Package, ...]
    next_after: str | None


class RepositoryListing:
    def __init__(
        self,
        packages: PackageStore,
        catalog: Catalog,
        search: SearchService,
        access: Access,
        popularity: Popularity,
    ) -> None:
        self._packages = packages
        self._catalog = catalog
        self._search = search
        self._access = access
        self._popularity = popularity

    async def list_page(
        self, wanted: RepositoryFilter, caller: Caller, *, limit: int, after: str | None
    ) -> RepositoryPage:
        """A page of the repositories that the caller sees. Raises InvalidInput, Unavailable."""
        items: list[Package] = []
        for _ in range(_MOST_PAGES):
            if wanted.by_downloads:
                more, after = await self._next_downloaded(wanted, caller, limit=limit - len(items), after=after)
            else:
                found, after = await self._next(wanted, caller, limit=limit - len(items), after=after)
                more = await self._main_versions(wanted, found)
            items += more
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

    async def _next_downloaded(
        self, wanted: RepositoryFilter, caller: Caller, *, limit: int, after: str | None
    ) -> tuple[list[Package], str | None]:
        """Main versions of the names that were downloaded most: each where its version with the most downloads is."""
        chosen = PackageFilter(status=None, type=wanted.kind, viewer=await self._access.viewer(caller))
        page = await self._popularity.list_page(chosen, limit=limit, after=after)
        matches = re.compile(wanted.pattern() or "").search
        named = {item.id: name for item in page.items if matches(name := json.loads(item.body)["name"])}
        versions = await self._packages.list_versions(sorted(set(named.values()))) if named else {}
        ranks = await self._popularity.ranks()
        mains: list[str] = []
        for package_id, name in named.items():
            of_name = [version for version in versions.get(name, ()) if version.type is wanted.kind]
            first = min(of_name, key=lambda version: ranks.get(version.id, MAX_RANKED), default=None)
            main = main_of(of_name)
            if first is not None and first.id == package_id and main is not None:
                mains.append(main.id)
        found = await self._packages.get_many(mains) if mains else []
        return [package for package in found if set(wanted.tags) <= set(tags_of(package))], page.next_after

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
