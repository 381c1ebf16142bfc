"""The index follows the records: at once in the process that changes them, soon in the others, and as if built anew."""

import asyncio
import random
import re
import sqlite3
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registry.domain.errors import Unavailable
from registry.domain.packages import PackageStatus
from registry.domain.search import IndexState, RegexQuery, SearchField, SearchScope, TextQuery
from registry.ports.changes import ChangePage
from registry.services.search.indexing import IndexFollower
from registry.services.search.search import SearchService
from tests.search.engines import Engine, open_engine
from tests.search.records import Records, make_package, package_id

_NAMES = st.sampled_from(["bert", "albert", "gpt", "t5", "resnet"])
_READMES = st.none() | st.sampled_from(["", "a bert", "no model", "gpt\nbert", "x" * 300])
_QUERIES = [
    RegexQuery("bert"),
    RegexQuery("^[a-z]{2,4}$", frozenset({SearchField.NAME})),
    RegexQuery("[ob].*e", frozenset({SearchField.README})),
    RegexQuery("", scope=SearchScope(status=PackageStatus.ACTIVE, tag="nlp")),
]


class FollowedRecords(RuleBasedStateMachine):
    """Two processes share one index, a third has its own; all are compared with one that was built anew."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.records = Records()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.built = 0
        self.number = 0
        self.engines = [self._opened("shared.db"), self._opened("shared.db"), self._opened("own.db")]

    def _opened(self, name: str) -> Engine:
        opening = open_engine(self.path / name, self.records, batch_packages=3)
        return self.loop.run_until_complete(self.stack.enter_async_context(opening))

    @rule(name=_NAMES, readme=_READMES, tagged=st.booleans(), gap=st.integers(-3, 3))
    def add(self, name: str, readme: str | None, tagged: bool, gap: int) -> None:  # noqa: FBT001 -- a rule's argument
        self.number += 4
        # Ids of several processes do not come quite in order.
        number = self.number + gap
        self.records.put(make_package(number, name, readme=readme, tags=("nlp",) if tagged else ()))

    @rule(which=st.randoms(use_true_random=False), readme=_READMES, status=st.sampled_from(PackageStatus))
    def change(self, which: random.Random, readme: str | None, status: PackageStatus) -> None:
        if self.records.packages:
            changed = self.records.packages[which.choice(sorted(self.records.packages))]
            self.records.put(replace(changed, readme=readme, status=status))

    @rule(which=st.randoms(use_true_random=False))
    def delete(self, which: random.Random) -> None:
        if self.records.packages:
            self.records.remove(which.choice(sorted(self.records.packages)))

    @rule()
    def begin_anew(self) -> None:
        self.records.reset()

    @rule(who=st.sampled_from([0, 1, 2]))
    def restart(self, who: int) -> None:
        self.engines[who] = self._opened("own.db" if who == 2 else "shared.db")

    @invariant()
    def all_find_the_same(self) -> None:
        self.loop.run_until_complete(self._compare())

    async def _compare(self) -> None:
        self.built += 1
        async with open_engine(self.path / f"anew{self.built}.db", self.records) as anew:
            for engine in self.engines:
                await engine.service.changed()
                for query in _QUERIES:
                    assert await engine.found(query, limit=2) == await anew.found(query)
                assert engine.index.state() == anew.index.state()
                ranked = await engine.service.rank(TextQuery("bert"), limit=50)
                expected = await anew.service.rank(TextQuery("bert"), limit=50)
                assert [item.package.id for item in ranked.items] == [item.package.id for item in expected.items]

    def teardown(self) -> None:
        self.loop.run_until_complete(self.stack.aclose())
        self.loop.close()
        self.folder.cleanup()


TestFollowedRecords = FollowedRecords.TestCase
TestFollowedRecords.settings = settings(max_examples=8, stateful_step_count=8, deadline=None)


async def test_paging_tells_each_match_once_while_packages_come_and_go(tmp_path: Path) -> None:
    records = Records()
    records.put(*(make_package(10 * number, f"bert-{number}", readme="a model") for number in range(1, 60)))
    async with open_engine(tmp_path / "search.db", records) as engine:
        for query in (RegexQuery("bert"), RegexQuery("[m]odel"), RegexQuery("ode", frozenset({SearchField.README}))):
            seen: list[str] = []
            position: str | None = None
            while True:
                page = await engine.service.find(query, limit=7, position=position)
                seen += [package.name for package in page.items if re.fullmatch(r"bert-\d+", package.name)]
                if page.next_position is None:
                    break
                position = page.next_position
                step = len(seen)
                # New ones come on either side of the walk, which need not be told, and go again.
                come = [5000 + step, 10 * step + 5]
                records.put(*(make_package(number, "other", readme="a model") for number in come))
                await engine.service.changed()
                for number in come:
                    records.remove(package_id(number))
            assert seen == [f"bert-{number}" for number in range(59, 0, -1)]


async def test_a_restart_goes_on_where_the_file_is(tmp_path: Path) -> None:
    records = Records()
    records.put(*(make_package(number, f"n{number}", readme="text") for number in range(20)))
    async with open_engine(tmp_path / "search.db", records):
        pass
    records.put(make_package(21, "late", readme="text"))
    records.batches = 0
    async with open_engine(tmp_path / "search.db", records) as engine:
        assert records.batches == 1
        assert engine.service.state() == IndexState(ready=True, packages=21)
        late = SearchService(engine.index, records, IndexFollower(records, records, engine.index), records)
        assert not late.state().ready
        assert len(await engine.found(RegexQuery("text"))) == 21


@pytest.mark.parametrize("content", [b"not a database, but long enough to look like one" * 100, b"half"])
async def test_a_damaged_file_is_filled_again(tmp_path: Path, content: bytes) -> None:
    records = Records()
    records.put(make_package(1, "bert"))
    path = tmp_path / "search.db"
    async with open_engine(path, records) as engine:
        assert await engine.found(RegexQuery("bert")) == ["bert"]
    path.write_bytes(content)
    async with open_engine(path, records) as engine:
        assert await engine.found(RegexQuery("bert")) == ["bert"]


async def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE documents (key); CREATE TABLE state (x); PRAGMA user_version = 99")
    records = Records()
    records.put(make_package(1, "bert"))
    async with open_engine(path, records) as engine:
        assert await engine.found(RegexQuery("bert")) == ["bert"]


async def test_a_file_that_stays_locked_is_unavailable(tmp_path: Path) -> None:
    records = Records()
    path = tmp_path / "search.db"
    async with open_engine(path, records) as engine:
        engine.index._opened[0].connection.execute("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            records.put(make_package(1, "bert"))
            with pytest.raises(Unavailable):
                await engine.follower.catch_up()
            # A publisher is not held up by that, and the change is found later.
            await engine.service.changed()
            assert await engine.found(RegexQuery("bert")) == []
        await engine.service.changed()
        assert await engine.found(RegexQuery("bert")) == ["bert"]


async def test_a_fill_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    records = Records()
    records.put(*(make_package(number, f"n{number}") for number in range(9)))
    async with open_engine(tmp_path / "search.db", Records()) as engine:
        # The file knows other records, so that it begins anew, and stops after two steps.
        records.reset()
        records.put(*(make_package(number, f"n{number}") for number in range(9)))
        follower = IndexFollower(records, records, engine.index, batch_packages=4)
        for _ in range(2):
            assert not await follower._step(current=True)
        await engine.index.refresh()
        assert (engine.index.state().ready, engine.index.state().packages) == (False, 4)
        await engine.service.changed()
        assert not engine.index.state().ready
        await follower.catch_up()
        assert (engine.index.state().ready, engine.index.state().packages) == (True, 9)


async def test_a_burst_of_changes_shares_rounds(tmp_path: Path) -> None:
    records = Records()
    async with open_engine(tmp_path / "search.db", records) as engine:
        rounds = engine.follower._rounds_begun

        async def publish(number: int) -> bool:
            records.put(make_package(number, f"n{number}"))
            await engine.service.changed()
            page = await engine.service.find(RegexQuery(f"^n{number}$"), limit=1)
            return len(page.items) == 1

        assert all(await asyncio.gather(*map(publish, range(12))))
        assert engine.follower._rounds_begun - rounds <= 3


@pytest.mark.parametrize("seed", range(4))
async def test_ids_of_one_moment_are_told_in_their_order_whatever_order_they_come_in(tmp_path: Path, seed: int) -> None:
    records = Records()
    same = [f"019a0000-0000-7000-8000-{number:012x}" for number in range(24)]
    async with open_engine(tmp_path / "search.db", records) as engine:
        # Commits come nearly in the order of ids.
        for number in sorted(range(24), key=lambda number: number + (number * number * seed) % 7):
            records.put(replace(make_package(1, f"n{number}"), id=same[number]))
            await engine.service.changed()
        expected = [f"n{number}" for number in reversed(range(24))]
        assert await engine.found(RegexQuery("^n"), limit=3) == expected
        records.remove(same[2])
        await engine.service.changed()
        expected.remove("n2")
        assert await engine.found(RegexQuery("^n"), limit=3) == expected


async def test_ids_without_room_between_them_are_all_kept(tmp_path: Path) -> None:
    records = Records()
    same = [f"019a0000-0000-7000-8000-{number:012x}" for number in range(40)]
    async with open_engine(tmp_path / "search.db", records) as engine:
        # Each in the middle of what is there: the room between neighbours is halved each time.
        for place in range(20):
            for number in (place, 39 - place):
                records.put(replace(make_package(1, f"n{number}"), id=same[number]))
                await engine.service.changed()
                expected = sorted(records.packages, reverse=True)
                assert await engine.found(RegexQuery("^n"), limit=7) == [records.packages[id_].name for id_ in expected]


async def test_positions_are_good_in_another_index_and_when_their_package_is_gone(tmp_path: Path) -> None:
    records = Records()
    records.put(*(make_package(number, f"n{number}") for number in range(9)))
    async with open_engine(tmp_path / "one.db", records) as one, open_engine(tmp_path / "two.db", records) as two:
        page = await one.service.find(RegexQuery("^n"), limit=3)
        assert page.next_position is not None
        records.remove(page.items[-1].id)
        await two.service.changed()
        after = await two.service.find(RegexQuery("^n"), limit=3, position=page.next_position)
        assert [package.name for package in after.items] == ["n5", "n4", "n3"]


async def test_the_follower_polls_and_outlives_a_store_that_is_away(tmp_path: Path) -> None:
    class Away(Records):
        is_away = False

        async def read(self, after: str, *, limit: int, current: bool = True) -> ChangePage | None:
            if self.is_away:
                self.is_away = False
                raise Unavailable("The store is away.")
            return await super().read(after, limit=limit, current=current)

    records = Away()
    async with open_engine(tmp_path / "search.db", records) as engine:
        follower = IndexFollower(records, records, engine.index, poll_seconds=0)
        records.is_away = True
        records.put(make_package(1, "bert"))
        following = asyncio.create_task(follower.run())
        while not follower.has_caught_up:  # noqa: ASYNC110 -- it is a plain flag
            await asyncio.sleep(0)
        assert await engine.found(RegexQuery("bert")) == ["bert"]
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
