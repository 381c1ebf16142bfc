"""Listing and searching repositories: each name once, as its main version."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.domain.accounts import Caller
from registry.domain.downloads import MAX_RANKED
from registry.domain.listing import Order, PackageFilter
from registry.domain.names import NamedVersion
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.repositories import main_of
from registry.domain.search import RegexQuery, SearchField, SearchScope
from registry.domain.visibility import Viewer
from registry.ports.downloads import DownloadStore
from registry.ports.packages import PackageStore, PackageSummary
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

    @property
    def plain(self) -> bool:
        """Whether all names are wanted."""
        return self.search is None and self.author is None

    def pattern(self) -> str:
        """What the names must match."""
        author = f"^{re.escape(self.author)}/.*" if self.author is not None else ""
        return f"(?i){author}{re.escape(self.search or '')}"


@dataclass(frozen=True, slots=True)
class ListedRepository:
    """A repository as its main version. `downloads` are those of all versions."""

    package: Package
    downloads: int
    private: bool


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """Repositories in the order asked for. `next_after` is where the next page starts, None at the end."""

    items: tuple[ListedRepository, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Packages of a page, id and name in the page's order; `ranks` are places in a ranking by downloads."""

    names: Mapping[str, str]
    next_after: str | None
    ranks: Mapping[str, int] | None = None


class RepositoryListing:
    def __init__(
        self,
        packages: PackageStore,
        downloads: DownloadStore,
        *,
        catalog: Catalog,
        search: SearchService,
        access: Access,
        popularity: Popularity,
    ) -> None:
        self._packages = packages
        self._downloads = downloads
        self._catalog = catalog
        self._search = search
        self._access = access
        self._popularity = popularity

    async def list_page(
        self, wanted: RepositoryFilter, caller: Caller, *, limit: int, after: str | None
    ) -> RepositoryPage:
        """A page of the repositories that the caller sees. Raises InvalidInput, Unavailable."""
        viewer = await self._access.viewer(caller)
        find = self._most_downloaded if wanted.by_downloads else self._by_time if wanted.plain else self._searched
        items: list[Package] = []
        for _ in range(_MOST_PAGES):
            found = await find(wanted, viewer, limit=limit - len(items), after=after)
            items += await self._main_versions(wanted, found)
            after = found.next_after
            if after is None or len(items) == limit:
                break
        return RepositoryPage(tuple(await self._listed(items)), after)

    async def _listed(self, packages: Sequence[Package]) -> list[ListedRepository]:
        totals = await self._downloads.find_totals([(each.type, each.name) for each in packages]) if packages else {}
        return [
            ListedRepository(
                each, totals.get((each.type, each.name), 0), await self._access.is_private(each.type, each.name)
            )
            for each in packages
        ]

    async def _searched(
        self, wanted: RepositoryFilter, viewer: Viewer, *, limit: int, after: str | None
    ) -> _Candidates:
        scope = SearchScope(wanted.kind, viewer=viewer)
        query = RegexQuery(wanted.pattern(), frozenset({SearchField.NAME}), scope)
        found = await self._search.find(query, limit=limit, position=after)
        names = {package.id: package.name for package in found.items if package.status.is_offered}
        return _Candidates(names, found.next_position)

    async def _by_time(self, wanted: RepositoryFilter, viewer: Viewer, *, limit: int, after: str | None) -> _Candidates:
        order = Order.NEWEST if wanted.newest_first else Order.OLDEST
        chosen = PackageFilter(status=None, type=wanted.kind, viewer=viewer, order=order)
        page = await self._catalog.list_page(chosen, limit=limit, after=after)
        return _Candidates(_offered(page.items), page.next_after)

    async def _most_downloaded(
        self, wanted: RepositoryFilter, viewer: Viewer, *, limit: int, after: str | None
    ) -> _Candidates:
        chosen = PackageFilter(status=None, type=wanted.kind, viewer=viewer)
        ranked = await self._popularity.list_ranked(chosen, limit=limit, after=after)
        matches = re.compile(wanted.pattern()).search
        names = {id_: name for id_, name in _offered(ranked.page.items).items() if matches(name)}
        return _Candidates(names, ranked.page.next_after, ranked.ranks)

    async def _main_versions(self, wanted: RepositoryFilter, found: _Candidates) -> list[Package]:
        """The main versions of the names that have their place on this page: where the main version is, or in a ranking
        where the version with the most downloads is. Only these are read with their READMEs.
        """
        versions = await self._packages.list_versions(sorted(set(found.names.values()))) if found.names else {}
        mains: list[str] = []
        for package_id, name in found.names.items():
            of_name = [named for named in versions.get(name, ()) if named.type is wanted.kind]
            main = main_of(of_name)
            if main is not None and package_id == _placed(main, of_name, found.ranks):
                mains.append(main.id)
        packages = {package.id: package for package in (await self._packages.get_many(mains) if mains else ())}
        there = [packages[package_id] for package_id in mains if package_id in packages]
        return [package for package in there if set(wanted.tags) <= set(tags_of(package))]


def _offered(items: Sequence[PackageSummary]) -> dict[str, str]:
    """Id and name of those that are offered."""
    members = {item.id: json.loads(item.body) for item in items}
    return {id_: each["name"] for id_, each in members.items() if PackageStatus(each["status"]).is_offered}


def _placed(main: NamedVersion, versions: Sequence[NamedVersion], ranks: Mapping[str, int] | None) -> str:
    """The id of the version whose place is the repository's."""
    if ranks is None or not main.status.is_offered:
        return main.id
    offered = [version for version in versions if version.status.is_offered]
    return min(offered, key=lambda version: ranks.get(version.id, MAX_RANKED)).id
