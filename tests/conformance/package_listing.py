"""What every PackageStore's listings do."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from random import Random
from types import MappingProxyType

import pytest

from registry.domain.accounts import principal_of
from registry.domain.documents import encode_summary
from registry.domain.listing import Order, PackageFilter
from registry.domain.name_patterns import NamePatterns
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import VersionRange
from registry.domain.visibility import EVERYBODY, REGISTRY, Viewer
from registry.ports.packages import PackageStore, PackageSummary
from tests.conformance.package_store import add
from tests.conformance.records import RecordBackend, Records
from tests.factories import ManualClock, ids, make_change, make_rating

VERSIONS = ["0.9.0", "1.0.0", "1.0.0+build", "1.0.1-rc.1", "1.0.1", "1.2.0", "1.10.0", "2.0.0-alpha", "2.0.0", "3.1.4"]
RANGES = [None, "1.0.0", "=1.0.0+build", "^1.0.0", "~1.0.1-rc.0", "1.0.1-2.0.0-beta", "4.0.0-5.0.0"]
PATTERNS = [None, ("bert",), ("bert", "other-*"), ("bert*", "it's 100%_"), ("*er*",), ("nothing",), ("nothing/*",)]
ORDERS = list(Order)
MINIMA = [0.0, 0.29, 0.5, 0.7242, 0.91, 1.0]
OWNER = principal_of("alice", "alice")
"""Who owns every name here: `make_change` is by alice, whoever `created_by` says."""
SCORES = [0.0, 0.289999, 0.29, 0.499999, 0.5, 0.7, 0.7241, 0.7242, 0.909999, 0.91, 0.999999, 1.0]


def fits(package: Package, wanted: PackageFilter, score: float | None = None) -> bool:
    """The meaning of a filter, said as directly as can be. `score` is that of the package's current revision."""
    return (
        (wanted.min_net_score is None or (score is not None and score >= wanted.min_net_score))
        and (wanted.status is None or package.status == wanted.status)
        and (wanted.type is None or package.type == wanted.type)
        and (wanted.name is None or package.name == wanted.name)
        and (wanted.names is None or wanted.names.covers(package.name))
        and (wanted.versions is None or wanted.versions.contains(package.version))
        and (wanted.tag is None or wanted.tag in package.tags)
        and (wanted.created_by is None or package.created_by == wanted.created_by)
        and (wanted.viewer.is_admin or not package.status.hidden or wanted.viewer.principal == OWNER)
    )


def in_order(
    population: Iterable[Package], wanted: PackageFilter, scores: Mapping[str, float | None] = MappingProxyType({})
) -> list[str]:
    """The ids of those packages that a filter wants, in its order. `scores` as for `fits`."""
    matched = sorted(
        (package for package in population if fits(package, wanted, scores.get(package.id))),
        key=lambda package: package.id,
    )

    def score(package: Package) -> float:
        found = scores.get(package.id)
        return -1.0 if found is None else found

    match wanted.order:
        case Order.NEWEST:
            matched.reverse()
        case Order.NAME:
            matched.sort(key=lambda package: package.name)
        case Order.SCORE:
            matched.reverse()
            matched.sort(key=score, reverse=True)
        case Order.OLDEST:
            pass
    return ids(matched)


def every_filter() -> list[PackageFilter]:
    """Each combination of set and unset fields, with the orders taking turns."""
    combinations = product(
        (None, PackageStatus.ACTIVE, PackageStatus.QUARANTINED),
        (None, PackageType.MODEL),
        (None, "bert", "it's 100%_"),
        RANGES,
        (None, "nlp"),
        (None, "alice"),
        (REGISTRY, Viewer(OWNER), Viewer("bob#bob"), EVERYBODY),
    )
    return [
        PackageFilter(
            status=status,
            type=type_,
            name=name,
            versions=None if text is None else VersionRange.parse(text),
            tag=tag,
            created_by=created_by,
            viewer=viewer,
            order=ORDERS[number % len(ORDERS)],
        )
        for number, (status, type_, name, text, tag, created_by, viewer) in enumerate(combinations)
    ]


def filters_by_pattern() -> list[PackageFilter]:
    """Patterns of names with each of the fields that may decide where a listing is read from."""
    combinations = product(
        PATTERNS[1:],
        (None, PackageStatus.ACTIVE),
        (None, PackageType.MODEL),
        (None, "bert"),
        (None, "=1.0.0+build", "^1.0.0"),
        (None, "nlp"),
        (None, 0.2),
    )
    return [
        PackageFilter(
            status=status,
            type=type_,
            name=name,
            versions=None if text is None else VersionRange.parse(text),
            tag=tag,
            min_net_score=minimum,
            viewer=Viewer(is_admin=True, names=NamePatterns(patterns)),
            order=ORDERS[number % len(ORDERS)],
        )
        for number, (patterns, status, type_, name, text, tag, minimum) in enumerate(combinations)
        if patterns is not None
    ]


async def walk(records: Records, wanted: PackageFilter, *, limit: int) -> list[PackageSummary]:
    """All pages, each as full as it must be."""
    return await walk_packages(records.packages, wanted, limit=limit)


async def walk_packages(packages: PackageStore, wanted: PackageFilter, *, limit: int) -> list[PackageSummary]:
    """`walk` on a store alone."""
    items: list[PackageSummary] = []
    after = None
    while True:
        page = await packages.list_page(wanted, limit=limit, after=after)
        items += page.items
        after = page.next_after
        if after is None:
            assert len(page.items) <= limit
            return items
        assert len(page.items) == limit


async def populate(records: Records) -> list[Package]:
    random = Random(20261123)  # noqa: S311 - the same on every run
    population: list[Package] = []
    taken: set[tuple[object, ...]] = set()
    while len(population) < 80:
        name, version = random.choice(["bert", "it's 100%_", "other"]), random.choice(VERSIONS)
        type_ = random.choice([PackageType.MODEL, PackageType.MODEL, PackageType.CODE, PackageType.DATASET])
        if (name, version, type_) in taken:
            name += f"-{len(taken)}"
        taken.add((name, version, type_))
        status = random.choice([*PackageStatus, PackageStatus.ACTIVE, PackageStatus.QUARANTINED])
        tags = tuple(tag for tag in ("nlp", "Nlp", "%") if random.random() < 0.5)
        creator = random.choice(["alice", "bob", "carol"])
        population.append(
            await add(
                records, name=name, version=version, type=type_, status=status, tags=tags, created_by=creator
            )
        )  # fmt: skip
    return population


async def rate(
    records: Records, clock: ManualClock, package: Package, net_score: float | None, *, above: float = 0.0
) -> None:
    """Give the package's current revision a rating. `net_score` is the lower bound; the score is higher by `above`."""
    now = clock.now()
    await records.ratings.request(package.id, asked_by="ann", now=now, at_once=True)
    lease = await records.ratings.lease(package.id, token="t", now=now, until=now + timedelta(minutes=1))
    assert lease is not None
    score = None if net_score is None else min(net_score + above, 1.0)
    rating = make_rating(package.id, revision=package.revision, net_score=score, net_score_low=net_score)
    assert await records.ratings.finish(lease, rating, b"{}", make_change(package.id))


class PackageListingContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_every_filter_is_the_brute_force_filter(self, records: Records) -> None:
        population = await populate(records)
        matched = 0

        for wanted in every_filter():
            expected = in_order(population, wanted)
            assert ids(await walk(records, wanted, limit=9)) == expected, wanted
            matched += bool(expected)

        assert matched > 300

    async def test_every_filter_with_a_net_score_is_the_brute_force_filter(
        self, records: Records, backend: RecordBackend
    ) -> None:
        population = await populate(records)
        random = Random(7)  # noqa: S311 - the same on every run
        scores: dict[str, float | None] = {}
        for package in population:
            if package.status is not PackageStatus.PENDING and random.random() < 0.9:
                scores[package.id] = random.choice([*SCORES, None])
                await rate(records, backend.clock, package, scores[package.id])
        matched = 0

        scored = [
            replace(unscored, min_net_score=([None, *MINIMA])[number % (len(MINIMA) + 1)])
            for number, unscored in enumerate(every_filter()[::3])
        ]
        for wanted in [*scored, *filters_by_pattern()[::5]]:
            expected = in_order(population, wanted, scores)
            assert ids(await walk(records, wanted, limit=9)) == expected, wanted
            matched += bool(expected)

        assert matched > 60

    async def test_the_net_score_is_that_of_the_latest_rating(self, records: Records, backend: RecordBackend) -> None:
        package = await add(records, tags=("a", "b"))

        async def listed(minimum: float) -> bool:
            filters = (
                PackageFilter(min_net_score=minimum),
                PackageFilter(min_net_score=minimum, name=package.name),
                PackageFilter(min_net_score=minimum, tag="b"),
                PackageFilter(min_net_score=minimum, created_by=package.created_by),
            )
            found = [bool(await walk(records, wanted, limit=5)) for wanted in filters]
            assert len(set(found)) == 1
            return found[0]

        assert not await listed(0.0)
        for score in (0.4, 0.83, 0.831, 0.05):
            await rate(records, backend.clock, package, score)
            assert await listed(score)
            assert not await listed(score + 0.000_001)
        await rate(records, backend.clock, package, None)
        assert not await listed(0.0)

    async def test_the_lower_bound_counts(self, records: Records, backend: RecordBackend) -> None:
        unsure, sure, unrated = [await add(records) for _ in range(3)]
        await rate(records, backend.clock, unsure, 0.2, above=0.7)
        await rate(records, backend.clock, sure, 0.5)

        by_score = await walk(records, PackageFilter(order=Order.SCORE), limit=2)
        assert ids(by_score) == [sure.id, unsure.id, unrated.id]
        assert ids(await walk(records, PackageFilter(min_net_score=0.5), limit=2)) == [sure.id]

    async def test_a_new_rating_moves_the_package_alone(self, records: Records, backend: RecordBackend) -> None:
        added = [await add(records, tags=("a",)) for _ in range(4)]
        for package, score in zip(added, (0.1, 0.2, 0.3, 0.4), strict=True):
            await rate(records, backend.clock, package, score)
        await rate(records, backend.clock, added[0], 0.35)
        await rate(records, backend.clock, added[3], None)
        await records.packages.replace(
            replace(added[2], revision=2), make_change(added[2].id), expected_revision=1
        )  # not rated by now

        expected = ids([added[0], added[1], added[3], added[2]])
        for wanted in (PackageFilter(), PackageFilter(tag="a"), PackageFilter(created_by="alice")):
            assert ids(await walk(records, replace(wanted, order=Order.SCORE), limit=3)) == expected

    async def test_a_new_revision_is_listed_by_no_net_score_until_it_is_rated(
        self, records: Records, backend: RecordBackend
    ) -> None:
        package = await add(records, tags=("a",))
        await rate(records, backend.clock, package, 0.8)
        changed = replace(package, status=PackageStatus.DEPRECATED, tags=("b",), revision=2)
        await records.packages.replace(changed, make_change(package.id), expected_revision=1)

        def scored(status: PackageStatus | None, tag: str | None) -> PackageFilter:
            return PackageFilter(status=status, tag=tag, min_net_score=0.5)

        assert await walk(records, scored(None, None), limit=5) == []
        assert await walk(records, scored(PackageStatus.DEPRECATED, "b"), limit=5) == []
        await rate(records, backend.clock, package, 0.9)  # came late: of a revision that is gone
        assert await walk(records, scored(None, None), limit=5) == []
        await rate(records, backend.clock, changed, 0.7)
        assert ids(await walk(records, scored(PackageStatus.DEPRECATED, "b"), limit=5)) == [package.id]
        assert await walk(records, scored(PackageStatus.ACTIVE, None), limit=5) == []
        assert await walk(records, scored(None, "a"), limit=5) == []

        await records.packages.remove(package.id, make_change(package.id), expected_revision=2)
        assert await walk(records, scored(None, None), limit=5) == []

    async def test_items_are_ready_json(self, records: Records) -> None:
        package = await add(records, readme="left out", tags=("a",), revision=4)

        page = await records.packages.list_page(PackageFilter(), limit=1, after=None)

        assert page.items == (PackageSummary(package.id, encode_summary(package), 4),)
        assert page.next_after is None

    @pytest.mark.parametrize("tag", ["a\0b", "it's", "🤖", "\n", '["x"]'])
    async def test_any_text_is_a_tag(self, records: Records, tag: str) -> None:
        package = await add(records, tags=("a", tag))
        await add(records, tags=("a",))
        assert ids(await walk(records, PackageFilter(tag=tag), limit=5)) == [package.id]

    async def test_empty_registry(self, records: Records) -> None:
        page = await records.packages.list_page(PackageFilter(), limit=10, after=None)

        assert (page.items, page.next_after) == ((), None)

    @pytest.mark.parametrize("order", Order)
    async def test_page_that_ends_at_the_end(self, records: Records, order: Order) -> None:
        added = [await add(records) for _ in range(4)]
        wanted = PackageFilter(order=order)

        first = await records.packages.list_page(wanted, limit=2, after=None)
        second = await records.packages.list_page(wanted, limit=2, after=first.next_after)

        assert ids([*first.items, *second.items]) == in_order(added, wanted)
        assert second.next_after is None

    async def test_default_is_newest_active(self, records: Records) -> None:
        active = [await add(records) for _ in range(2)]
        await add(records, status=PackageStatus.DEPRECATED)

        assert ids(await walk(records, PackageFilter(), limit=10)) == ids(active[::-1])

    async def test_lists_follow_changes(self, records: Records) -> None:
        package = await add(records, tags=("old", "both"), version="1.0.0")
        changed = replace(
            package, tags=("new", "both"), status=PackageStatus.DEPRECATED, revision=2, version=package.version
        )
        await records.packages.replace(changed, make_change(package.id), expected_revision=1)

        def tagged(tag: str) -> PackageFilter:
            return PackageFilter(status=None, tag=tag)

        assert await walk(records, tagged("old"), limit=5) == []
        assert ids(await walk(records, tagged("new"), limit=5)) == [package.id]
        assert ids(await walk(records, tagged("both"), limit=5)) == [package.id]
        assert await walk(records, PackageFilter(), limit=5) == []

        await records.packages.remove(package.id, make_change(package.id), expected_revision=2)
        assert await walk(records, PackageFilter(status=None), limit=5) == []

    @pytest.mark.parametrize("order", Order)
    @pytest.mark.parametrize("text", [None, "^1.0.0"])
    async def test_walk_among_changes_sees_what_lasts_once(
        self, records: Records, text: str | None, order: Order
    ) -> None:
        lasting = [await add(records, tags=("a",)) for _ in range(12)]
        passing = [await add(records, tags=("a",)) for _ in range(6)]
        lasting += [await add(records, tags=("a",)) for _ in range(12)]
        wanted = PackageFilter(tag="a", order=order, versions=None if text is None else VersionRange.parse(text))
        seen: list[str] = []
        after = None
        for package in passing:
            page = await records.packages.list_page(wanted, limit=5, after=after)
            seen += ids(page.items)
            after = page.next_after
            await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
            await add(records, tags=("a",))
            if after is None:
                break
        while after is not None:
            page = await records.packages.list_page(wanted, limit=5, after=after)
            seen += ids(page.items)
            after = page.next_after

        assert len(seen) == len(set(seen))
        assert set(ids(lasting)) <= set(seen)

    async def test_place_of_a_removed_package_is_a_good_place(self, records: Records) -> None:
        added = [await add(records) for _ in range(6)]
        first = await records.packages.list_page(PackageFilter(), limit=3, after=None)
        await records.packages.remove(added[3].id, make_change(added[3].id), expected_revision=1)

        second = await records.packages.list_page(PackageFilter(), limit=3, after=first.next_after)

        assert ids(second.items) == ids(added[2::-1])
