"""Pages of packages by filter, each at the cost of its own length.

A filter is a union of branches, one for each status and type it allows. In each branch the entries lie in an index in
the order of their ids, so that SQLite merges the branches as it goes and stops when the page is full: no sorting, no
counting. An exact version is one more equality, and so is each bucket of a net score. A range of versions is in that
order nowhere: see `ranges.py`; for what else is not, see `scores.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.adapters.sqlite.database import Parameters
from registry.domain.listing import PackageFilter
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.scores import ScoresFrom

MAX_NAMES = 24
"""More names than this, and patterns of names, are checked entry by entry instead."""
_MAX_BRANCHES = 200
"""Likewise. SQLite merges 500 at most."""
_OWNED = """ AND EXISTS (SELECT 1 FROM names AS n
    WHERE n.name = l.name AND n.type = l.type AND instr(n.owners, '"' || ? || '"') > 0)"""
"""What is hidden is rare, so each is looked up. Owners are a JSON array, and no principal has a quotation mark."""
_BEHIND_ALL_IDS = "~"
_BEFORE_ALL_IDS = ""

SUMMARY_COLUMNS = "l.id AS id, p.summary AS summary, p.revision AS revision"
_WITH_SUMMARY = "CROSS JOIN packages AS p ON p.number = l.number"


@dataclass(frozen=True, slots=True)
class Branch:
    """What all entries of a stream have in common, as SQL: the index that holds them, conditions, their parameters."""

    index: str
    where: str
    parameters: tuple[str | None, ...]
    table: str = "listings"


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a walk, and where the page begins."""

    after: str
    comparison: str
    direction: str

    @property
    def descending(self) -> bool:
        return self.direction == "DESC"


def order_of(wanted: PackageFilter, after: str | None) -> Order:
    if wanted.newest_first:
        return Order(after or _BEHIND_ALL_IDS, "<", "DESC")
    return Order(after or _BEFORE_ALL_IDS, ">", "ASC")


def branches(wanted: PackageFilter) -> Iterator[Branch]:
    """The branches of a filter, its versions left aside. None where nothing can match.

    With a minimum of the net score those of its buckets, the one that it cuts through whole.
    """
    buckets = _buckets(wanted)
    for status in wanted.statuses:
        for name in _names(wanted):
            for type_ in (wanted.type,) if wanted.type else PackageType:
                branch = _branch(wanted, status, type_, name)
                if wanted.min_net_score is None:
                    yield branch
                yield from (_in_bucket(branch, bucket) for bucket in buckets)


def _names(wanted: PackageFilter) -> tuple[str | None, ...]:
    """The names that have a branch of their own; None for all names together."""
    if wanted.name is not None:
        return (wanted.name,) if wanted.names is None or wanted.names.covers(wanted.name) else ()
    return (None,) if wanted.names is None or checks_names(wanted) else wanted.names.patterns


def checks_names(wanted: PackageFilter) -> bool:
    """Whether names have to be checked entry by entry."""
    if wanted.names is None or wanted.name is not None:
        return False
    exact = wanted.names.exact_names
    others = (1 if wanted.status else len(PackageStatus)) * (1 if wanted.type else len(PackageType))
    return exact is None or len(exact) * others * max(1, len(_buckets(wanted))) > _MAX_BRANCHES


def _buckets(wanted: PackageFilter) -> Sequence[str]:
    return () if wanted.min_net_score is None else ScoresFrom.of(wanted.min_net_score).all_buckets


def _branch(wanted: PackageFilter, status: PackageStatus, type_: PackageType, name: str | None) -> Branch:
    where = "l.tag IS ? AND l.status = ? AND l.type = ?"
    parameters: tuple[str | None, ...] = (wanted.tag, status.value, type_.value)
    index = "listings_all"
    if wanted.created_by is not None:
        where, parameters, index = where + " AND l.created_by = ?", (*parameters, wanted.created_by), "listings_creator"
    if name is not None:
        # A creator besides is looked up entry by entry: a name has few entries of others.
        where, parameters, index = where + " AND l.name = ?", (*parameters, name), "listings_name"
    if (owner := wanted.owner_of(status)) is not None:
        where, parameters = where + _OWNED, (*parameters, owner)
    return Branch(index, where, parameters)


def _in_bucket(branch: Branch, bucket: str) -> Branch:
    where, parameters = f"l.bucket = ? AND {branch.where}", (bucket, *branch.parameters)
    return Branch(f"score_{branch.index}", where, parameters, table="score_listings")


def at_version(branch: Branch, key: str) -> Branch:
    """The entries of the branch with this very version."""
    return Branch(f"{branch.index}_version", f"{branch.where} AND l.version_key = ?", (*branch.parameters, key))


def merged(columns: str, streams: list[Branch], order: Order, *, limit: int) -> tuple[str, Parameters]:
    """A statement, with its parameters, for the first `limit` entries of the streams behind the place of `order`."""
    join = _WITH_SUMMARY if columns == SUMMARY_COLUMNS else ""
    selects: list[str] = []
    parameters: list[str | int | None] = []
    for stream in streams:
        selects.append(
            f"SELECT {columns} FROM {stream.table} AS l INDEXED BY {stream.index} {join} "  # noqa: S608 - fixed texts
            f"WHERE {stream.where} AND l.id {order.comparison} ?"
        )
        parameters += (*stream.parameters, order.after)
    return f"{' UNION ALL '.join(selects)} ORDER BY id {order.direction} LIMIT ?", (*parameters, limit)
