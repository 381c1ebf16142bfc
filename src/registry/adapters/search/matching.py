"""One page of a search with a pattern, out of names and READMEs, within a budget of time."""

from collections.abc import Callable
from dataclasses import dataclass

from registry.adapters.search.file import SearchFile
from registry.adapters.search.keys import BOTTOM
from registry.adapters.search.names import NameSearch, NameTable
from registry.adapters.search.patterns import SafePattern
from registry.adapters.search.readmes import ReadmeSearch
from registry.adapters.search.scopes import ScopeFilter
from registry.domain.search import FoundIds, SearchField

_READMES_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class Walk:
    """What one page of a pattern search is made from. `position`: where it goes on, None at the beginning."""

    pattern: SafePattern
    fields: frozenset[SearchField]
    scope: ScopeFilter
    position: str | None
    limit: int
    is_late: Callable[[], bool]


def find_page(walk: Walk, table: NameTable, file: SearchFile) -> FoundIds:
    """The next matches. Both fields are walked together; what lies above the slower one's place is settled."""
    with file.reading() as connection:
        keys, low = _matching_keys(walk, table, file, below=file.key_of_position(walk.position))
        position = file.position_of_key(low)
        ids = [connection.execute("SELECT id FROM documents WHERE key = ?", (key,)).fetchone() for key in keys]
    # A package that another process has just dropped has no id any more.
    return FoundIds(tuple(found[0] for found in ids if found), position)


def _matching_keys(walk: Walk, table: NameTable, file: SearchFile, *, below: int) -> tuple[list[int], int]:
    names = NameSearch(table, walk.pattern, walk.scope, below=below)
    readmes: ReadmeSearch | None = None
    if SearchField.NAME not in walk.fields:
        names.low = BOTTOM
    if SearchField.README in walk.fields:
        readmes = ReadmeSearch(file.connection, table, walk.pattern, walk.scope, below=below)
    found: set[int] = set()
    while True:
        readmes_low = BOTTOM if readmes is None else readmes.low
        settled = max(names.low, readmes_low)
        keys = sorted((key for key in found if key >= settled), reverse=True)
        if len(keys) >= walk.limit:
            return keys[: walk.limit], keys[walk.limit - 1]
        # The first step of each field is always taken, so that every page comes further, however late it is.
        if settled == BOTTOM or (settled < below and walk.is_late()):
            return keys, settled
        if names.low >= readmes_low:
            found.update(names.advance(walk.limit))
        elif readmes is not None:
            found.update(readmes.advance(min(walk.limit, _READMES_AT_A_TIME), is_late=walk.is_late))
