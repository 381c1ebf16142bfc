"""Pages of packages by filter, each at the cost of its own length.

A filter is a union of branches, one for each status and type it allows. In each branch the entries lie in an index in
the order of the listing (of ids, names or scores), so that SQLite merges the branches as it goes and stops when the
page is full: no sorting, no counting. An exact version is one more equality, and so is each bucket of a net score. A
range of versions is in that order nowhere: see `ranges.py`; for what else is not, see `scores.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from registry.adapters.sqlite.database import Parameters
from registry.domain.listing import Order, PackageFilter, name_place, score_of_place, score_place, split_place
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.pages import AFTER_ALL_IDS, BEFORE_ALL_IDS
from registry.domain.scores import ScoresFrom, least

MAX_NAMES = 24
"""More names than this, and patterns of names, are checked entry by entry instead."""
_MAX_BRANCHES = 200
"""Likewise. SQLite merges 500 at most."""
_TYPES = tuple(PackageType)
_OWNED = """ AND EXISTS (SELECT 1 FROM names AS n
    WHERE n.name = l.name AND n.type = l.type AND instr(n.owners, '"' || ? || '"') > 0)"""
"""What is hidden is rare, so each is looked up. Owners are a JSON array, and no principal has a quotation mark."""
UNRATED = -1
"""The `score` of an entry whose package has none."""
_ABOVE_ALL_SCORES = 1_000_001

SUMMARY_COLUMNS = "l.id AS id, p.summary AS summary, p.revision AS revision"
_WITH_SUMMARY = "CROSS JOIN packages AS p ON p.number = l.number"


@dataclass(frozen=True, slots=True)
class Branch:
    """What all entries of a stream have in common, as SQL: the index that holds them, conditions, their parameters.

    `name` is that of all entries, None where they have different ones.
    """

    index: str
    where: str
    parameters: tuple[str | int | None, ...]
    table: str = "listings"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """The order of a walk, and the place after which the page begins: an id with what comes before it in the order."""

    order: Order
    after: str
    key: str | int = ""

    @property
    def descending(self) -> bool:
        return self.order.descending

    @property
    def comparison(self) -> str:
        return "<" if self.descending else ">"

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"

    @property
    def sorting(self) -> str:
        """What follows ORDER BY."""
        column = {Order.NAME: "name", Order.SCORE: "score"}.get(self.order)
        return (f"{column} {self.direction}, " if column else "") + f"id {self.direction}"

    def bound(self, branch: Branch) -> tuple[str, tuple[str | int | None, ...]] | None:
        """The condition, with its parameters, for the entries of a branch after the place; None where it has none."""
        if self.order is Order.NAME and branch.name is not None:
            # Then the index is in the order of ids.
            if branch.name < str(self.key):
                return None
            return "l.id > ?", (self.after if branch.name == self.key else BEFORE_ALL_IDS,)
        if self.order in (Order.NAME, Order.SCORE):
            return f"(l.{self.order.value}, l.id) {self.comparison} (?, ?)", (self.key, self.after)
        return f"l.id {self.comparison} ?", (self.after,)


def walk_of(wanted: PackageFilter, after: str | None) -> Walk:
    """The walk of a filter that goes on after a place (None: from the beginning)."""
    match wanted.order:
        case Order.NAME:
            name, package_id = split_place(after or "")
            return Walk(wanted.order, package_id, name)
        case Order.SCORE:
            if after is None:
                return Walk(wanted.order, AFTER_ALL_IDS, _ABOVE_ALL_SCORES)
            key, package_id = split_place(after)
            score = score_of_place(key)
            return Walk(wanted.order, package_id, UNRATED if score is None else score)
        case Order.NEWEST:
            return Walk(wanted.order, after or AFTER_ALL_IDS)
        case Order.OLDEST:
            return Walk(wanted.order, after or BEFORE_ALL_IDS)


def place_in(order: Order, *, package_id: str, name: str, score: int) -> str:
    """The place of an entry."""
    if order is Order.NAME:
        return name_place(name, package_id)
    if order is Order.SCORE:
        return score_place(None if score == UNRATED else score, package_id)
    return package_id


def branches(wanted: PackageFilter) -> Iterator[Branch]:
    """The branches of a filter, its versions left aside. None where nothing can match.

    With a minimum of the net score those of its buckets, the one that it cuts through whole. In the order of scores all
    from the minimum on lie together.
    """
    buckets, names = _buckets(wanted), _names(wanted)
    types = (wanted.type,) if wanted.type else _TYPES
    for status in wanted.statuses:
        owner = wanted.owner_of(status)
        for name in names:
            for type_ in types:
                branch = _branch(wanted, status, type_, name, owner)
                if wanted.min_net_score is None or wanted.order is Order.SCORE:
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
    if wanted.min_net_score is None or wanted.order is Order.SCORE:
        return ()
    return ScoresFrom.of(wanted.min_net_score).all_buckets


def _branch(
    wanted: PackageFilter, status: PackageStatus, type_: PackageType, name: str | None, owner: str | None
) -> Branch:
    where = "l.tag IS ? AND l.status = ? AND l.type = ?"
    parameters: tuple[str | int | None, ...] = (wanted.tag, status.value, type_.value)
    index = "listings_all"
    if wanted.created_by is not None:
        where, parameters, index = where + " AND l.created_by = ?", (*parameters, wanted.created_by), "listings_creator"
    if name is not None:
        # A creator besides is looked up entry by entry: a name has few entries of others.
        where, parameters, index = where + " AND l.name = ?", (*parameters, name), "listings_name"
    if wanted.order is Order.SCORE:
        index += "_by_score"
        if wanted.min_net_score is not None:
            where, parameters = where + " AND l.score >= ?", (*parameters, least(wanted.min_net_score))
    elif wanted.order is Order.NAME and name is None:
        index += "_by_name"
    if owner is not None:
        where, parameters = where + _OWNED, (*parameters, owner)
    return Branch(index, where, parameters, name=name)


def _in_bucket(branch: Branch, bucket: str) -> Branch:
    where, parameters = f"l.bucket = ? AND {branch.where}", (bucket, *branch.parameters)
    return Branch(f"score_{branch.index}", where, parameters, table="score_listings", name=branch.name)


def at_version(branch: Branch, key: str) -> Branch:
    """The entries of the branch with this very version."""
    return Branch(f"{branch.index}_version", f"{branch.where} AND l.version_key = ?", (*branch.parameters, key))


def merged(columns: str, streams: list[Branch], walk: Walk, *, limit: int) -> tuple[str, Parameters]:
    """A statement, with its parameters, for the first `limit` entries of the streams after the place of `walk`.

    `columns` has those that the walk is ordered by.
    """
    parameters: list[str | int | None] = []
    shapes: list[tuple[str, str, str]] = []
    for stream in streams:
        if (bound := walk.bound(stream)) is not None:
            condition, place = bound
            parameters += (*stream.parameters, *place)
            shapes.append((stream.table, stream.index, f"{stream.where} AND {condition}"))
    parameters.append(limit)
    return _merging(columns, tuple(shapes), walk.sorting), parameters


@lru_cache(maxsize=256)
def _merging(columns: str, shapes: tuple[tuple[str, str, str], ...], sorting: str) -> str:
    """The text of such a statement: most pages share few of them."""
    join = _WITH_SUMMARY if columns == SUMMARY_COLUMNS else ""
    selects = [
        f"SELECT {columns} FROM {table} AS l INDEXED BY {index} {join} WHERE {where}"  # noqa: S608 - fixed texts
        for table, index, where in shapes
    ]
    if not selects:
        return f"SELECT {columns} FROM listings AS l WHERE 0 ORDER BY {sorting} LIMIT ?"  # noqa: S608 - fixed texts
    return f"{' UNION ALL '.join(selects)} ORDER BY {sorting} LIMIT ?"
