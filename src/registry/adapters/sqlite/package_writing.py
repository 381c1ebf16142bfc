"""The writes of package records, each within the transaction under way."""

import sqlite3

from registry.adapters.sqlite.answers import keep_answer
from registry.adapters.sqlite.audit import append_entries
from registry.adapters.sqlite.changes import record_change
from registry.adapters.sqlite.deliveries import record_events
from registry.adapters.sqlite.ratings import drop_rating, mark_anew
from registry.adapters.sqlite.scores import list_by_score, unlist
from registry.adapters.sqlite.version_keys import version_key
from registry.domain.documents import encode_readme, encode_summary
from registry.domain.errors import NotFound, PackageExists, RevisionConflict
from registry.domain.packages import Change, Package, PackageStatus

PackageRow = tuple[str, int, str, str, bytes, str, str, str, str | None, bytes | None]
ListingRow = tuple[str | None, str, str, str, str, str, str]

_INSERT = """INSERT INTO packages
    (id, revision, status, created_by, summary, type, name, version, blob_key, readme)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE = """UPDATE packages SET (id, revision, status, created_by, summary, type, name, version, blob_key, readme)
    = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE number = ?"""
_SELECT_LISTINGS = "SELECT tag, name, created_by, status, type, version_key, id FROM listings WHERE number = ?"
_INSERT_LISTING = """INSERT INTO listings (number, tag, name, created_by, status, type, version_key, id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_TAKEN = "SELECT id FROM packages WHERE name = ? AND version = ? AND type = ? AND id != ?"


class PackageWriting:
    """A package with its rows made ready, in the thread that calls, so that the writer has the least to do."""

    def __init__(self, package: Package) -> None:
        content = package.content
        self.package = package
        self._row: PackageRow = (
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
        self._listings: set[ListingRow] = {
            (tag, package.name, package.created_by, package.status.value, package.type.value, key, package.id)
            for tag in (None, *package.tags)
        }

    def insert(self, connection: sqlite3.Connection) -> None:
        """Raises PackageExists."""
        try:
            number = connection.execute(_INSERT, self._row).lastrowid
        except sqlite3.IntegrityError:
            self._check_free(connection)  # asked afterwards: nearly every package is new
            raise
        connection.executemany(_INSERT_LISTING, [(number, *listing) for listing in self._listings])

    def update(self, connection: sqlite3.Connection, *, expected_revision: int) -> None:
        """Raises NotFound, RevisionConflict, PackageExists."""
        number = find_number(connection, self.package.id, expected_revision=expected_revision)
        self._check_free(connection)
        connection.execute(_UPDATE, (*self._row, number))
        if set(connection.execute(_SELECT_LISTINGS, (number,))) != self._listings:
            connection.execute("DELETE FROM listings WHERE number = ?", (number,))
            connection.executemany(_INSERT_LISTING, [(number, *listing) for listing in self._listings])
        list_by_score(connection, self.package.id)

    def mark(self, connection: sqlite3.Connection, *, asked_by: str, now: int) -> None:
        """Have the package rated, once it has what there is to rate. `now` in microseconds."""
        if self.package.status is not PackageStatus.PENDING:
            mark_anew(connection, self.package.id, asked_by=asked_by, now=now)

    def _check_free(self, connection: sqlite3.Connection) -> None:
        package = self.package
        taken = connection.execute(_TAKEN, (package.name, str(package.version), package.type.value, package.id))
        if row := taken.fetchone():
            raise PackageExists(row[0])


def delete_package(connection: sqlite3.Connection, package_id: str, *, expected_revision: int) -> None:
    """Raises NotFound, RevisionConflict."""
    number = find_number(connection, package_id, expected_revision=expected_revision)
    connection.execute("DELETE FROM packages WHERE number = ?", (number,))
    connection.execute("DELETE FROM listings WHERE number = ?", (number,))
    unlist(connection, number)
    drop_rating(connection, package_id)


def find_number(connection: sqlite3.Connection, package_id: str, *, expected_revision: int) -> int:
    """The row of the package as the caller knows it. Raises NotFound, RevisionConflict."""
    row = connection.execute("SELECT number, revision FROM packages WHERE id = ?", (package_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no package {package_id}.")
    number, revision = row
    if revision != expected_revision:
        raise RevisionConflict(f"The package has revision {revision} by now, not {expected_revision}. Read it again.")
    return int(number)


def record(connection: sqlite3.Connection, package_id: str, change: Change, *, now: int) -> None:
    """What goes with every change. First of all writes, since it may raise AnswerKept. `now` in microseconds."""
    if change.answer is not None:
        keep_answer(connection, change.answer, now=now)
    append_entries(connection, (change.audit,))
    record_change(connection, package_id)
    record_events(connection, change.events, now=now)
