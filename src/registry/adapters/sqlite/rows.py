"""Many rows in one statement.

After each statement a thread waits for the interpreter, which the event loop hardly lets go of while it is busy: that
costs more than the statement. `executemany` runs one for each row.

Where a row may be refused, `into` says OR FAIL: the operation is undone as a whole then, and SQLite need not copy each
page before its first change to undo the statement by itself.
"""

import sqlite3
from collections.abc import Sequence

_MOST_VALUES = 10_000
"""SQLite's limit is 32,766 in a statement."""

Value = str | bytes | int | float | None


def insert_rows(
    connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Value, ...]], *, shape: str | None = None
) -> None:
    """Insert within the transaction under way. `into` is the statement up to VALUES; `shape` what stands for a row,
    `(?, …)` where it is not given.
    """
    if not rows:
        return
    width = len(rows[0])
    shape = shape or f"({', '.join('?' * width)})"
    most = _MOST_VALUES // width
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        values = [value for row in part for value in row]
        connection.execute(f"{into} VALUES {', '.join([shape] * len(part))}", values)
