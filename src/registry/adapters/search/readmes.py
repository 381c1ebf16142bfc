"""Searching READMEs with a pattern: those that the trigram index offers, or all where the pattern has no literals."""

import sqlite3
from collections.abc import Callable, Iterator

from registry.adapters.search.keys import BOTTOM
from registry.adapters.search.names import NameTable
from registry.adapters.search.patterns import SafePattern
from registry.adapters.search.scopes import ScopeFilter

_OFFERED = (
    "SELECT trigrams.rowid, texts.readme FROM trigrams JOIN texts ON texts.key = trigrams.rowid "
    "WHERE trigrams MATCH ? AND trigrams.rowid < ? ORDER BY trigrams.rowid DESC"
)
_ALL = "SELECT key, readme FROM texts WHERE key < ? ORDER BY key DESC"


class ReadmeSearch:
    """A walk over the packages whose README a pattern matches, newest first. Everything above `low` has been seen."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: NameTable,
        pattern: SafePattern,
        scope: ScopeFilter,
        *,
        below: int,
    ) -> None:
        self._table = table
        self._pattern = pattern
        self._scope = scope
        self._rows: Iterator[tuple[int, bytes]] = (
            connection.execute(_ALL, (below,))
            if pattern.trigrams is None
            else connection.execute(_OFFERED, (pattern.trigrams, below))
        )
        self.low = below

    def advance(self, limit: int, *, is_late: Callable[[], bool]) -> list[int]:
        """The keys of the next matches, `limit` at most, until it is late. `low` becomes BOTTOM at the end."""
        keys: list[int] = []
        for key, readme in self._rows:
            place = self._table.find(key)
            if place is not None and place[0].accepts(place[1], self._scope) and self._pattern.matches(readme):
                keys.append(key)
            self.low = key
            if len(keys) == limit or is_late():
                return keys
        self.low = BOTTOM
        return keys
