"""The search index: a projection of the records that may lag, and is never asked for the packages themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.domain.listing import PackageFilter
from registry.domain.packages import Package
from registry.domain.search import FoundIds, IndexState, RankedIds, RegexQuery, TextQuery
from registry.ports.packages import SummaryPage


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an index has come.

    `cursor` is a place in the change feed, None before anything was done. While the index is first filled from a walk
    over the records, `walked` is the id that the walk has reached; `filled` says that it is done.
    """

    cursor: str | None = None
    walked: str | None = None
    filled: bool = False


def dependency_target(name: str, package_id: str | None) -> str:
    """What an index keeps of a dependency: the package's id where it gives one, else the name."""
    return f"#{package_id}" if package_id is not None else f"@{name}"


class IndexedRecords(Protocol):
    """What of `PackageStore` the index and its readers need."""

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        """As `PackageStore.get_many`."""

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """As `PackageStore.list_page`."""


class SearchIndex(Protocol):
    """An index that several processes of one host may share; each keeps its own view of it in memory.

    Searches raise InvalidInput for a pattern or position that is none, and Unavailable while the index is not filled
    or too many searches wait. Every answer is given within the time that the index was made with.
    """

    async def open(self) -> object:
        """Take up what is on disk; may be called again. Before, nothing is found. Raises Unavailable."""

    async def find(self, query: RegexQuery, *, limit: int, position: str | None) -> FoundIds:
        """The next packages that match, newest first, after `position` (a `next_position` of a page before).

        A package that matches throughout a walk is returned exactly once.
        """

    async def rank(self, query: TextQuery, *, limit: int, position: str | None, similar: bool = False) -> RankedIds:
        """The next packages with the query's words, the best first; with `similar` those with similar words.

        A position says itself which of both it is of.
        """

    async def dependents(self, targets: Sequence[str], *, limit: int, position: str | None) -> FoundIds:
        """The next packages that depend on one of the targets (see `dependency_target`), newest first."""

    async def checkpoint(self) -> Checkpoint:
        """How far the index has come, by whichever process."""

    async def restart(self, *, at: Checkpoint, cursor: str) -> bool:
        """Forget everything and begin again, to be filled and then to follow from `cursor`. As `apply` otherwise."""

    async def apply(self, packages: Sequence[Package], gone: Sequence[str], *, at: Checkpoint, to: Checkpoint) -> bool:
        """Take in packages, drop the ids that are gone, and advance; all or nothing.

        False, and nothing was done, when the index is not at `at` any more: another process was faster.
        """

    async def refresh(self) -> None:
        """Let this process see what the index holds, whichever process put it there."""

    def state(self) -> IndexState:
        """What this process sees."""
