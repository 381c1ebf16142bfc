"""Puts the search of a process together: the index of this host, the service over it, and what keeps it in step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from registry.adapters.search.copies import SearchFileCopies
from registry.adapters.search.index import LocalSearchIndex
from registry.composition.backends import Records, Stores
from registry.ports.clock import Clock, IdSource
from registry.services.maintenance.leases import RegularWork
from registry.services.search.announcing import AnnouncingMaintenance, AnnouncingPackages, AnnouncingReleases
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from registry.services.search.snapshots import IndexSnapshots
from registry.settings import RecordsBackend, Settings


@dataclass(frozen=True, slots=True)
class Search:
    service: SearchService
    follower: IndexFollower
    snapshots: IndexSnapshots | None
    """None where the records are on this host: so is the index, then, and nobody else needs one."""


@asynccontextmanager
async def open_search(settings: Settings, stores: Stores, *, clock: Clock, ids: IdSource) -> AsyncIterator[Search]:
    """The index is opened and filled by the follower, in the background of a serving process only."""
    path, records = settings.data_dir / _index_file(settings), stores.records
    index, copies = LocalSearchIndex(path), SearchFileCopies(path)
    snapshots = None
    if settings.records is RecordsBackend.DYNAMODB and settings.search_snapshot_seconds:
        snapshots = IndexSnapshots(
            copies,
            records.changes,
            stores.bytes.blobs,
            RegularWork(records.upgrades, clock=clock, ids=ids),
            every=timedelta(seconds=settings.search_snapshot_seconds),
            is_ready=lambda: service.state().ready,
        )
    follower = IndexFollower(
        records.changes, records.packages, index, before_open=None if snapshots is None else snapshots.restore
    )
    service = SearchService(index, records.packages, follower, records.names)
    try:
        yield Search(service, follower, snapshots)
    finally:
        await index.close()
        copies.close()


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
