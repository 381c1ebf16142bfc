"""The index on disk: one SQLite file that all processes of a host share, so that each change is indexed once.

It can be deleted at any time: it is filled again from the records. Disk use is about three times the READMEs' size.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from sys import intern

from registry.adapters.private_files import SQLITE_NEIGHBOURS, keep_private
from registry.adapters.search.dependencies import drop_dependencies, put_dependencies
from registry.adapters.search.keys import BOTTOM, END_POSITION, TOP, key_between, likely_key
from registry.adapters.search.literals import fold
from registry.adapters.search.names import NameRow
from registry.adapters.search.scopes import kind_code
from registry.domain.packages import Package
from registry.ports.search import Checkpoint

SCHEMA_VERSION = 3
_BUSY_TIMEOUT_SECONDS = 10.0

# `seq` counts transactions: a process that has seen all up to one asks for those above. READMEs stand apart, so that
# reading a million small rows at start does not touch their pages. The FTS tables keep no copy of the texts.
_TABLES = {
    "state": "TABLE state (generation TEXT, cursor TEXT, walked TEXT, filled INTEGER, seq INTEGER)",
    "documents": "TABLE documents (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, kind INTEGER, "
    "tags TEXT, description TEXT, seq INTEGER)",
    "documents_seq": "INDEX documents_seq ON documents (seq)",
    "gone": "TABLE gone (key INTEGER PRIMARY KEY, seq INTEGER)",
    "gone_seq": "INDEX gone_seq ON gone (seq)",
    "dependencies": "TABLE dependencies (target TEXT, id TEXT, PRIMARY KEY (target, id)) WITHOUT ROWID",
    "dependencies_id": "INDEX dependencies_id ON dependencies (id)",
    "texts": "TABLE texts (key INTEGER PRIMARY KEY, readme BLOB NOT NULL)",
    "trigrams": "VIRTUAL TABLE trigrams USING fts5(readme, content='', tokenize='trigram case_sensitive 1', "
    "detail=none, columnsize=0)",
    "words": "VIRTUAL TABLE words USING fts5(name, description, readme, content='', "
    "tokenize='unicode61 remove_diacritics 2')",
    "similar": "VIRTUAL TABLE similar USING fts5(text, content='', tokenize='trigram')",
}


@dataclass(frozen=True, slots=True)
class View:
    """What a process has seen of the file: `generation` changes when the index begins again from nothing."""

    generation: str | None = None
    seq: int = -1
    filled: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """What a process had not seen, and its view with it. `rows` are all, in falling order, after a new beginning."""

    view: View
    changes: Mapping[int, NameRow | None]
    rows: Sequence[NameRow] | None = None


class SearchFile:
    """One connection to the file, for one thread. Its folder must exist."""

    def __init__(self, path: Path) -> None:
        try:
            keep_private(path, neighbours=SQLITE_NEIGHBOURS)
        except OSError as error:
            raise sqlite3.OperationalError(f"unable to open database file: {error.strerror}") from error
        self.connection = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # NORMAL: a power cut may lose the last transactions, but with them the checkpoint, so they come again.
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:  # a damaged file is seen here
            self.connection.close()
            raise

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file for several reads."""
        self.connection.execute("BEGIN")
        try:
            yield self.connection
        finally:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def prepare(self) -> None:
        """Make the tables; those of another version of the program are dropped."""
        with self._writing() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION:
                return
            _begin_anew(connection, cursor=None)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def checkpoint(self) -> Checkpoint:
        return _checkpoint(self.connection)

    def restart(self, *, at: Checkpoint, cursor: str) -> bool:
        with self._writing() as connection:
            if _checkpoint(connection) != at:
                return False
            _begin_anew(connection, cursor=cursor)
            return True

    def apply(self, packages: Sequence[Package], gone: Sequence[str], *, at: Checkpoint, to: Checkpoint) -> bool:
        with self._writing() as connection:
            if _checkpoint(connection) != at:
                return False
            (seq,) = connection.execute(
                "UPDATE state SET cursor = ?, walked = ?, filled = ?, seq = seq + 1 RETURNING seq",
                (to.cursor, to.walked, to.filled),
            ).fetchone()
            for package in packages:
                _put(connection, package, seq)
            for package_id in gone:
                _drop(connection, package_id, seq)
            return True

    def key_of_position(self, position: str | None) -> int:
        """The key that a walk goes on below. A position is an id: it means the same on every host, keys do not."""
        if position is None:
            return TOP
        found = self.connection.execute(
            "SELECT key FROM documents WHERE id >= ? ORDER BY id LIMIT 1", (position,)
        ).fetchone()
        return int(found[0]) if found else TOP

    def position_of_key(self, low: int) -> str | None:
        """The position after everything from the key `low` on, None at the end."""
        if low == BOTTOM:
            return None
        found = self.connection.execute(
            "SELECT id FROM documents WHERE key >= ? ORDER BY key LIMIT 1", (low,)
        ).fetchone()
        return found[0] if found else END_POSITION

    def news(self, seen: View) -> News:
        """What there is beyond `seen`."""
        with self.reading() as connection:
            generation, seq, filled = connection.execute("SELECT generation, seq, filled FROM state").fetchone()
            view = View(generation, seq, bool(filled))
            columns = "SELECT key, name, kind, tags FROM documents"
            if generation != seen.generation:
                return News(view, {}, [_name_row(row) for row in connection.execute(f"{columns} ORDER BY key DESC")])
            changes: dict[int, NameRow | None] = {}
            if seq > seen.seq:
                for (key,) in connection.execute("SELECT key FROM gone WHERE seq > ?", (seen.seq,)):
                    changes[key] = None
                for row in connection.execute(f"{columns} WHERE seq > ?", (seen.seq,)):
                    changes[row[0]] = _name_row(row)
            return News(view, changes)


def _name_row(row: tuple[int, str, int, str]) -> NameRow:
    key, name, kind, tags = row
    return NameRow(key, name, kind, _read_tags(tags))


@lru_cache(maxsize=4096)
def _read_tags(text: str) -> tuple[str, ...]:
    # Sets of tags repeat: one object each, however many packages carry it.
    return tuple(map(intern, json.loads(text))) if text else ()


def _checkpoint(connection: sqlite3.Connection) -> Checkpoint:
    cursor, walked, filled = connection.execute("SELECT cursor, walked, filled FROM state").fetchone()
    return Checkpoint(cursor, walked, bool(filled))


def _begin_anew(connection: sqlite3.Connection, *, cursor: str | None) -> None:
    for name, definition in _TABLES.items():
        connection.execute(f"DROP {'INDEX' if definition.startswith('INDEX') else 'TABLE'} IF EXISTS {name}")
    for definition in _TABLES.values():
        connection.execute(f"CREATE {definition}")
    connection.execute("INSERT INTO state VALUES (?, ?, NULL, 0, 0)", (uuid.uuid4().hex, cursor))


def _key_of(connection: sqlite3.Connection, package_id: str) -> int | None:
    found = connection.execute("SELECT key FROM documents WHERE id = ?", (package_id,)).fetchone()
    return None if found is None else int(found[0])


@dataclass(frozen=True, slots=True)
class _Texts:
    """What is searched of one package. A README that is None matches nothing, an empty one the empty pattern."""

    name: str
    description: str
    readme: str | None


def _texts(connection: sqlite3.Connection, key: int) -> _Texts:
    name, description, readme = connection.execute(
        "SELECT name, description, readme FROM documents LEFT JOIN texts USING (key) WHERE key = ?", (key,)
    ).fetchone()
    return _Texts(name, description, None if readme is None else readme.decode())


def _new_key(connection: sqlite3.Connection, package_id: str, seq: int, *, floor: int = BOTTOM) -> int:
    """A free key above `floor` and between those of the neighbours by id."""
    older = connection.execute(
        "SELECT key FROM documents WHERE id < ? ORDER BY id DESC LIMIT 1", (package_id,)
    ).fetchone()
    newer = connection.execute("SELECT key FROM documents WHERE id > ? ORDER BY id LIMIT 1", (package_id,)).fetchone()
    below, above = max(floor, older[0] if older else BOTTOM), newer[0] if newer else TOP
    key = key_between(likely_key(package_id), below, above)
    # Without room the newer neighbour moves up. It takes several changes in the wrong order within one millisecond.
    if key is None:
        _move_up(connection, above, seq)
        return _new_key(connection, package_id, seq, floor=floor)
    return key


def _move_up(connection: sqlite3.Connection, old_key: int, seq: int) -> None:
    moved_id, name, description, readme = connection.execute(
        "SELECT id, name, description, readme FROM documents LEFT JOIN texts USING (key) WHERE key = ?", (old_key,)
    ).fetchone()
    texts = _Texts(name, description, None if readme is None else readme.decode())
    key = _new_key(connection, moved_id, seq, floor=old_key)
    _remove_texts(connection, old_key, texts)
    _add_texts(connection, key, texts)
    connection.execute("UPDATE documents SET key = ?, seq = ? WHERE key = ?", (key, seq, old_key))
    connection.execute("INSERT OR REPLACE INTO gone VALUES (?, ?)", (old_key, seq))


def _put(connection: sqlite3.Connection, package: Package, seq: int) -> None:
    texts = _Texts(package.name, package.description, package.readme)
    key = _key_of(connection, package.id)
    if key is None:
        key = _new_key(connection, package.id, seq)
        _add_texts(connection, key, texts)
    elif (known := _texts(connection, key)) != texts:
        _remove_texts(connection, key, known)
        _add_texts(connection, key, texts)
    put_dependencies(connection, package)
    kind, tags = kind_code(package.type, package.status), json.dumps(package.tags) if package.tags else ""
    connection.execute(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, package.id, package.name, kind, tags, package.description, seq),
    )


def _drop(connection: sqlite3.Connection, package_id: str, seq: int) -> None:
    key = _key_of(connection, package_id)
    if key is not None:
        _remove_texts(connection, key, _texts(connection, key))
        drop_dependencies(connection, package_id)
        connection.execute("DELETE FROM documents WHERE key = ?", (key,))
        connection.execute("INSERT OR REPLACE INTO gone VALUES (?, ?)", (key, seq))


def _add_texts(connection: sqlite3.Connection, key: int, texts: _Texts) -> None:
    readme = texts.readme or ""
    if texts.readme is not None:
        connection.execute("INSERT INTO texts VALUES (?, ?)", (key, readme.encode()))
    connection.execute("INSERT INTO trigrams (rowid, readme) VALUES (?, ?)", (key, fold(readme)))
    connection.execute(
        "INSERT INTO words (rowid, name, description, readme) VALUES (?, ?, ?, ?)",
        (key, texts.name, texts.description, readme),
    )
    connection.execute("INSERT INTO similar (rowid, text) VALUES (?, ?)", (key, _title(texts)))


def _remove_texts(connection: sqlite3.Connection, key: int, texts: _Texts) -> None:
    # A contentless FTS5 table forgets a row when it is given the same texts again.
    readme = texts.readme or ""
    connection.execute("DELETE FROM texts WHERE key = ?", (key,))
    connection.execute("INSERT INTO trigrams (trigrams, rowid, readme) VALUES ('delete', ?, ?)", (key, fold(readme)))
    connection.execute(
        "INSERT INTO words (words, rowid, name, description, readme) VALUES ('delete', ?, ?, ?, ?)",
        (key, texts.name, texts.description, readme),
    )
    connection.execute("INSERT INTO similar (similar, rowid, text) VALUES ('delete', ?, ?)", (key, _title(texts)))


def _title(texts: _Texts) -> str:
    return fold(f"{texts.name} {texts.description}")
