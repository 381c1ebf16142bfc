"""What SQLite's errors mean to the callers of the ports."""

import sqlite3

from registry.domain.errors import Unavailable

_MEANINGS = {
    sqlite3.SQLITE_BUSY: "The record store is busy with other writers. Try again.",
    sqlite3.SQLITE_LOCKED: "The record store is busy with other writers. Try again.",
    sqlite3.SQLITE_FULL: "The record store has no space left. Free some on its disk.",
    sqlite3.SQLITE_READONLY: "The record store cannot be written: its file or disk is read-only.",
    sqlite3.SQLITE_IOERR: "The record store's disk reports errors.",
    sqlite3.SQLITE_CANTOPEN: "The record store's file cannot be opened.",
    sqlite3.SQLITE_NOMEM: "The record store has no memory left.",
}
_PRIMARY_CODE = 0xFF
"""The low byte of an extended result code is the primary one: https://www.sqlite.org/rescode.html"""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds the lock that was needed."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def translate(error: Exception) -> Exception:
    """The port's error for SQLite's; errors that no caller can wait out, and all others, stay as they are."""
    code = getattr(error, "sqlite_errorcode", None)
    meaning = _MEANINGS.get(code & _PRIMARY_CODE) if isinstance(code, int) else None
    if meaning is None:
        return error
    translated = Unavailable(meaning)
    translated.__cause__ = error
    return translated
