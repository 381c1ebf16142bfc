"""The writes of package records, each within the transaction under way."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from registry.adapters.sqlite.audit import append_entries
from registry.adapters.sqlite.changes import record_changes
from registry.adapters.sqlite.deliveries import record_events
from registry.adapters.sqlite.idempotency import add_idempotency_record
from registry.adapters.sqlite.names import drop_aliases
from registry.adapters.sqlite.naming import HeldVersion, check_bytes, check_owner, claim_names, retire
from registry.adapters.sqlite.ratings import drop_rating, request_ratings
from registry.adapters.sqlite.rows import insert_rows
from registry.adapters.sqlite.scan_requests import drop_safety, open_requests
from registry.adapters.sqlite.scores import list_by_score, unlist
from registry.adapters.sqlite.uploads import end_upload
from registry.adapters.sqlite.usage import within
from registry.adapters.sqlite.version_keys import version_key
from registry.adapters.sqlite.writer import BatchOperation
from registry.domain.documents import encode_readme, encode_summary
from registry.domain.errors import PackageExists, RevisionConflict
from registry.domain.packages import Change, Package
from registry.domain.rating_requests import can_be_rated
from registry.domain.visibility import absent

PackageRow = tuple[str, int, str, str, bytes, str, str, str, str | None, bytes | None]
ListingRow = tuple[str | None, str, str, str, str, str, str]

_INSERT = (
    "INSERT OR FAIL INTO packages (id, revision, status, created_by, summary, type, name, version, blob_key, readme)"
)
_UPDATE = """UPDATE packages SET (id, revision, status, created_by, summary, type, name, version, blob_key, readme)
    = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE number = ?"""
_SELECT_LISTINGS = "SELECT tag, name, created_by, status, type, version_key, id FROM listings WHERE number = ?"
_INSERT_LISTINGS = "INSERT OR FAIL INTO listings (tag, name, created_by, status, type, version_key, id, number)"
_LISTING = "(?, ?, ?, ?, ?, ?, ?, (SELECT number FROM packages WHERE id = ?))"
_PRESENT = """SELECT number, revision, name, type, version, status,
    json_extract(CAST(summary AS TEXT), '$.content.sha256'), json_extract(CAST(summary AS TEXT), '$.unreleased')
    FROM packages WHERE id = ?"""
_TAKEN = "SELECT id FROM packages WHERE name = ? AND version = ? AND type = ? AND id != ?"


class PackageWriting:
    """A package with its rows made ready, in the thread that calls, so that the writer has the least to do."""

    def __init__(self, package: Package) -> None:
        content = package.content
        self.package = package
        self.row: PackageRow = (
            package.id,
            package.revision,
            package.status.value,
            package.created_by,
            encode_summary(package),
            package.type.value,
            package.name,
            str(package.version),
            content.blob_key if content else None,
            encode_readme(package),
        )
        key = version_key(package.version)
        self.listings: set[ListingRow] = {
            (tag, package.name, package.created_by, package.status.value, package.type.value, key, package.id)
            for tag in (None, *package.tags)
        }

    def update(self, connection: sqlite3.Connection, change: Change, *, expected_revision: int) -> None:
        """Raises NotFound, RevisionConflict, PermissionDenied, PackageExists, VersionRetired."""
        present = find_present(connection, self.package.id, expected_revision=expected_revision)
        check_owner(connection, present.held, change)
        number = present.number
        self.check_free(connection)
        check_bytes(connection, [self.package])
        if present.held.version != str(self.package.version):
            retire(connection, present.held)
            drop_aliases(connection, present.held)
        connection.execute(_UPDATE, (*self.row, number))
        if set(connection.execute(_SELECT_LISTINGS, (number,))) != self.listings:
            connection.execute("DELETE FROM listings WHERE number = ?", (number,))
            _list(connection, self.listings)
        list_by_score(connection, self.package.id)

    def check_free(self, connection: sqlite3.Connection) -> None:
        """Raises PackageExists when another package has the name, version and type."""
        package = self.package
        taken = connection.execute(_TAKEN, (package.name, str(package.version), package.type.value, package.id))
        if row := taken.fetchone():
            raise PackageExists(row[0])


def insert_packages(connection: sqlite3.Connection, writings: Sequence[PackageWriting]) -> None:
    """Raises PackageExists."""
    try:
        insert_rows(connection, _INSERT, [writing.row for writing in writings])
    except sqlite3.IntegrityError:
        for writing in writings:
            writing.check_free(connection)  # asked afterwards: nearly every package is new
        raise
    _list(connection, [listing for writing in writings for listing in writing.listings])


def _list(connection: sqlite3.Connection, listings: Iterable[ListingRow]) -> None:
    insert_rows(connection, _INSERT_LISTINGS, [(*listing, listing[-1]) for listing in listings], shape=_LISTING)


def delete_package(connection: sqlite3.Connection, package_id: str, change: Change, *, expected_revision: int) -> None:
    """Raises NotFound, RevisionConflict, PermissionDenied."""
    present = find_present(connection, package_id, expected_revision=expected_revision)
    check_owner(connection, present.held, change)
    retire(connection, present.held)
    drop_aliases(connection, present.held)
    number = present.number
    connection.execute("DELETE FROM packages WHERE number = ?", (number,))
    connection.execute("DELETE FROM listings WHERE number = ?", (number,))
    unlist(connection, number)
    drop_rating(connection, package_id)
    drop_safety(connection, package_id)


@dataclass(frozen=True, slots=True)
class Present:
    """A package's row, and the version that it holds."""

    number: int
    held: HeldVersion


def find_present(connection: sqlite3.Connection, package_id: str, *, expected_revision: int) -> Present:
    """The package as the caller knows it. Raises NotFound, RevisionConflict."""
    row = connection.execute(_PRESENT, (package_id,)).fetchone()
    if row is None:
        raise absent()
    number, revision, *held = row
    if revision != expected_revision:
        raise RevisionConflict(f"The package has revision {revision} by now, not {expected_revision}. Read it again.")
    return Present(number, HeldVersion(*held))


def record(connection: sqlite3.Connection, changes: Sequence[Change], *, now: int) -> None:
    """What goes with every change. First of all writes, since it may raise AlreadyAnswered. `now` in microseconds."""
    for change in changes:
        if change.idempotency is not None:
            add_idempotency_record(connection, change.idempotency, now=now)
    append_entries(connection, [change.audit for change in changes])
    record_changes(connection, [change.audit.package_id for change in changes])
    record_events(connection, [event for change in changes for event in change.events], now=now)


def request(connection: sqlite3.Connection, changed: Sequence[tuple[Package, Change]], *, now: int) -> None:
    """Have packages rated, once they have what there is to rate. `now` in microseconds."""
    ready = [(package.id, change.audit.user or "") for package, change in changed if can_be_rated(package.status)]
    request_ratings(connection, ready, now=now)


@dataclass(frozen=True, slots=True)
class AddPackage(BatchOperation):
    """A new package and what goes with it.

    Raises PackageExists, PermissionDenied, NameTooSimilar, VersionRetired, AlreadyAnswered, QuotaReached; and NotFound
    when its upload is gone.
    """

    writing: PackageWriting
    change: Change
    now: int

    @classmethod
    def run_batch(cls, connection: sqlite3.Connection, operations: Sequence[Self]) -> None:
        now = operations[0].now
        with ExitStack() as quotas:
            # Where one user's packages of a batch are too much together, they are tried again one by one.
            for quota in {adding.change.quota for adding in operations}:
                quotas.enter_context(within(quota, connection))
            cls._add(connection, operations, now)

    @classmethod
    def _add(cls, connection: sqlite3.Connection, operations: Sequence[Self], now: int) -> None:
        record(connection, [adding.change for adding in operations], now=now)
        for adding in operations:
            if adding.change.upload is not None:
                end_upload(connection, adding.change.upload)
        added = [(adding.writing.package, adding.change) for adding in operations]
        # A name keeps its row for ever, so a new one has no version with other bytes.
        check_bytes(connection, claim_names(connection, added))
        insert_packages(connection, [adding.writing for adding in operations])
        request(connection, added, now=now)
        open_requests(connection, added, now=now)
