"""Pages of packages by filter, each at the cost of its own length.

A filter is a union of branches, one for each status and type it allows. In each branch the entries lie in an index in
the order of their ids, so that SQLite merges the branches as it goes and stops when the page is full: no sorting, no
counting. An exact version is one more equality, and so is each bucket of a net score. A range of versions is in that
order nowhere: see `ranges.py`; for what else is not, see `scores.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from registry.adapters.sqlite.database import Parameters
from registry.domain.listing import PackageFilter
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.scores import ScoresFrom

MAX_NAMES = 24
"""More names than this, and patterns of names, are checked entry by entry instead."""
_MAX_BRANCHES = 200
"""Likewise. SQLite merges 500 at most."""
_TYPES = tuple(PackageType)
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
    buckets, names = _buckets(wanted), _names(wanted)
    types = (wanted.type,) if wanted.type else _TYPES
    for status in wanted.statuses:
        owner = wanted.owner_of(status)
        for name in names:
            for type_ in types:
                branch = _branch(wanted.tag, status, type_, name, owner)
                if wanted.min_net_score is None:
                    yield branch
                for bucket in buckets:
                    yield _in_bucket(branch, bucket)


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


def _branch(
    tag: str | None, status: PackageStatus, type_: PackageType, name: str | None, created_by: str | None
) -> Branch:
    where = "l.tag IS ? AND l.status = ? AND l.type = ?"
    parameters: tuple[str | None, ...] = (tag, status.value, type_.value)
    index = "listings_all"
    if created_by is not None:
        where, parameters, index = where + " AND l.created_by = ?", (*parameters, created_by), "listings_creator"
    if name is not None:
        # A creator besides is looked up entry by entry: a name has few entries of others.
        where, parameters, index = where + " AND l.name = ?", (*parameters, name), "listings_name"
    return Branch(index, where, parameters)


def _in_bucket(branch: Branch, bucket: str) -> Branch:
    where, parameters = f"l.bucket = ? AND {branch.where}", (bucket, *branch.parameters)
    return Branch(f"score_{branch.index}", where, parameters, table="score_listings")


def at_version(branch: Branch, key: str) -> Branch:
    """The entries of the branch with this very version."""
    return Branch(f"{branch.index}_version", f"{branch.where} AND l.version_key = ?", (*branch.parameters, key))


def merged(columns: str, streams: list[Branch], order: Order, *, limit: int) -> tuple[str, Parameters]:
    """A statement, with its parameters, for the first `limit` entries of the streams behind the place of `order`."""
    parameters: list[str | int | None] = []
    for stream in streams:
        parameters += stream.parameters
        parameters.append(order.after)
    parameters.append(limit)
    shapes = tuple([(stream.table, stream.index, stream.where) for stream in streams])
    return _merging(columns, shapes, order.comparison, order.direction), parameters


@lru_cache(maxsize=256)
def _merging(columns: str, shapes: tuple[tuple[str, str, str], ...], comparison: str, direction: str) -> str:
    """The text of such a statement: most pages share few of them."""
    join = _WITH_SUMMARY if columns == SUMMARY_COLUMNS else ""
    selects = [
        f"SELECT {columns} FROM {table} AS l INDEXED BY {index} {join} "  # noqa: S608 - fixed texts
        f"WHERE {where} AND l.id {comparison} ?"
        for table, index, where in shapes
    ]
    return f"{' UNION ALL '.join(selects)} ORDER BY id {direction} LIMIT ?"
