"""Puts the search of a process together: the index of this host, the service over it, and what keeps it in step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from registry.adapters.search.index import LocalSearchIndex
from registry.composition.backends import Records
from registry.services.search.announcing import AnnouncingMaintenance, AnnouncingPackages, AnnouncingReleases
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from registry.settings import RecordsBackend, Settings


@dataclass(frozen=True, slots=True)
class Search:
    service: SearchService
    follower: IndexFollower


@asynccontextmanager
async def open_search(settings: Settings, records: Records) -> AsyncIterator[Search]:
    """The index is opened and filled by the follower, in the background of a serving process only."""
    index = LocalSearchIndex(settings.data_dir / _index_file(settings))
    follower = IndexFollower(records.changes, records.packages, index)
    try:
        yield Search(SearchService(index, records.packages, follower, records.names), follower)
    finally:
        await index.close()


def _index_file(settings: Settings) -> str:
    """A name for each record store, so that no index is continued from the changes of another one."""
    return f"search-{settings.dynamodb_table}.db" if settings.records is RecordsBackend.DYNAMODB else "search.db"


def announced(records: Records, search: SearchService) -> Records:
    """The same records; who changes packages through them finds the change at once."""
    return replace(
        records,
        packages=AnnouncingPackages(records.packages, search.changed),
        releases=AnnouncingReleases(records.releases, search.changed),
        maintenance=AnnouncingMaintenance(records.maintenance, search.changed),
    )
