"""Group commit: what shares a transaction shares no fate."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection, IntegrityError, connect
from typing import Self

import pytest

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.migrating import NewerSchema
from registry.adapters.sqlite.writer import BatchOperation, Operation
from registry.domain.errors import Unavailable

NOTES = (("CREATE TABLE notes (text TEXT NOT NULL UNIQUE)",),)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "notes.db", migrations=NOTES, max_queued_writes=8)
    yield opened
    await opened.close()


def texts(database: SqliteDatabase) -> list[str]:
    return [text for (text,) in database.fetch_all("SELECT text FROM notes ORDER BY rowid")]


class Note:
    """Writes a line, and remembers in which transaction."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.runs = 0

    def __call__(self, connection: Connection) -> str:
        self.runs += 1
        connection.execute("INSERT INTO notes VALUES (?)", (self.text,))
        return self.text.upper()


@dataclass(frozen=True)
class Line(BatchOperation):
    """Writes a line together with others, and notes which."""

    text: str
    batches: list[list[str]]

    @classmethod
    def run_batch(cls, connection: Connection, operations: Sequence[Self]) -> None:
        texts = [operation.text for operation in operations]
        operations[0].batches.append(texts)
        connection.executemany("INSERT INTO notes VALUES (?)", [(text,) for text in texts])


class Gate:
    """Holds the writer up until it is opened, so that what comes meanwhile forms one group."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._opened = threading.Event()

    def __call__(self, connection: Connection) -> None:
        self.entered.set()
        self._opened.wait(10)

    def open(self) -> None:
        self._opened.set()


async def behind_a_gate(database: SqliteDatabase) -> tuple[Gate, "asyncio.Task[None]"]:
    gate = Gate()
    task = asyncio.create_task(database.write(gate))
    await asyncio.to_thread(gate.entered.wait, 10)
    return gate, task


async def test_a_group_commits_once(database: SqliteDatabase, tmp_path: Path) -> None:
    gate, held = await behind_a_gate(database)
    notes = [asyncio.create_task(database.write(Note(f"n{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    (before,) = database.fetch_one("PRAGMA data_version")
    gate.open()

    assert await asyncio.gather(held, *notes) == [None, "N0", "N1", "N2", "N3", "N4"]

    assert texts(database) == ["n0", "n1", "n2", "n3", "n4"]
    (after,) = database.fetch_one("PRAGMA data_version")
    assert after == before + 1


async def test_only_what_fails_pays_for_savepoints(database: SqliteDatabase) -> None:
    statements: list[str] = []
    await database.write(lambda connection: connection.set_trace_callback(statements.append))
    gate, held = await behind_a_gate(database)
    notes = [asyncio.create_task(database.write(Note(text))) for text in ("a", "b")]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(held, *notes)
    with pytest.raises(IntegrityError):
        await database.write(Note("a"))

    assert not any(statement.startswith(("SAVEPOINT", "RELEASE")) for statement in statements)
    assert statements[-1] == "ROLLBACK"

    gate, held = await behind_a_gate(database)
    notes = [asyncio.create_task(database.write(Note(text))) for text in ("c", "c", "d")]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(held, *notes, return_exceptions=True)

    assert sum(statement.startswith("SAVEPOINT") for statement in statements) == len(notes)
    assert texts(database) == ["a", "b", "c", "d"]


async def test_neighbours_of_a_class_are_one_batch(database: SqliteDatabase) -> None:
    batches: list[list[str]] = []
    gate, held = await behind_a_gate(database)
    operations: list[Operation[str | None]] = [Line("a", batches), Line("b", batches), Note("c"), Line("d", batches)]
    tasks = [asyncio.create_task(database.write(operation)) for operation in operations]
    await asyncio.sleep(0)
    gate.open()

    assert await asyncio.gather(held, *tasks) == [None, None, None, "C", None]

    assert batches == [["a", "b"], ["d"]]
    assert texts(database) == ["a", "b", "c", "d"]


async def test_of_a_batch_only_what_fails_is_undone(database: SqliteDatabase) -> None:
    batches: list[list[str]] = []
    gate, held = await behind_a_gate(database)
    tasks = [asyncio.create_task(database.write(Line(text, batches))) for text in ("a", "b", "a", "c")]
    await asyncio.sleep(0)
    gate.open()
    outcomes = await asyncio.gather(held, *tasks, return_exceptions=True)

    assert [type(outcome).__name__ for outcome in outcomes[1:]] == [
        "NoneType",
        "NoneType",
        "IntegrityError",
        "NoneType",
    ]
    assert batches == [["a", "b", "a", "c"], ["a"], ["b"], ["a"], ["c"]]
    assert texts(database) == ["a", "b", "c"]


async def test_an_operation_that_fails_half_way_is_undone_alone(database: SqliteDatabase) -> None:
    def fails(connection: Connection) -> None:
        connection.execute("INSERT INTO notes VALUES ('half')")
        raise ValueError("no more")

    gate, held = await behind_a_gate(database)
    tasks = [asyncio.create_task(database.write(operation)) for operation in (Note("a"), fails, Note("b"))]
    await asyncio.sleep(0)
    gate.open()
    outcomes = await asyncio.gather(held, *tasks, return_exceptions=True)

    assert isinstance(outcomes[2], ValueError)
    assert texts(database) == ["a", "b"]


async def test_a_transaction_that_is_lost_is_done_again_without_the_culprit(database: SqliteDatabase) -> None:
    def loses_everything(connection: Connection) -> None:
        connection.execute("INSERT OR ROLLBACK INTO notes VALUES ('a')")

    first, second = Note("a"), Note("b")
    gate, held = await behind_a_gate(database)
    tasks = [asyncio.create_task(database.write(operation)) for operation in (first, loses_everything, second)]
    await asyncio.sleep(0)
    gate.open()
    outcomes = await asyncio.gather(held, *tasks, return_exceptions=True)

    assert [type(outcome).__name__ for outcome in outcomes[1:]] == ["str", "IntegrityError", "str"]
    assert texts(database) == ["a", "b"]
    assert first.runs == 2


async def test_cancelled_callers_do_not_disturb_the_others(database: SqliteDatabase) -> None:
    gate, held = await behind_a_gate(database)
    cancelled, lasting = Note("cancelled"), Note("lasting")
    tasks = [asyncio.create_task(database.write(operation)) for operation in (cancelled, lasting)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    held.cancel()
    await asyncio.sleep(0)
    gate.open()

    assert await tasks[1] == "LASTING"
    assert tasks[0].cancelled()
    assert held.cancelled()
    assert texts(database) == ["lasting"]
    assert cancelled.runs == 0


async def test_too_many_waiting_are_refused(database: SqliteDatabase) -> None:
    gate, held = await behind_a_gate(database)
    tasks = [asyncio.create_task(database.write(Note(f"n{number}"))) for number in range(9)]
    await asyncio.sleep(0)
    gate.open()
    outcomes = await asyncio.gather(held, *tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes[1:]] == [str] * 8 + [Unavailable]
    assert await database.write(Note("later")) == "LATER"


async def test_close_writes_what_waits_and_then_refuses(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "notes.db", migrations=NOTES)
    tasks = [asyncio.create_task(database.write(Note(f"n{number}"))) for number in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()

    assert len(await asyncio.gather(*tasks)) == 20
    with pytest.raises(Unavailable):
        await database.write(Note("late"))
    with pytest.raises(Unavailable):
        await database.read(lambda connection: None)
    with pytest.raises(Unavailable):
        database.fetch_one("SELECT 1")
    with pytest.raises(Unavailable):
        database.fetch_all("SELECT 1")


async def test_full_disk_is_unavailable_and_passes(database: SqliteDatabase) -> None:
    (pages,) = database.fetch_one("PRAGMA page_count")
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())
    small, large = Note("small"), Note("x" * 100_000)

    outcomes = await asyncio.gather(database.write(small), database.write(large), return_exceptions=True)

    assert outcomes[0] == "SMALL"
    assert isinstance(outcomes[1], Unavailable)
    assert "no space" in str(outcomes[1])
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchone())
    assert await database.write(large) == large.text.upper()
    assert texts(database) == ["small", large.text]


async def test_read_only_file_is_unavailable(database: SqliteDatabase) -> None:
    def turns_read_only(connection: Connection) -> None:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("INSERT INTO notes VALUES ('a')")

    with pytest.raises(Unavailable, match="read-only"):
        await database.write(turns_read_only)
    with pytest.raises(Unavailable, match="read-only"):
        await database.write(Note("a"))


async def test_readers_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(Unavailable):
        await database.read(Note("a"))
    with pytest.raises(Unavailable):
        database.fetch_one("INSERT INTO notes VALUES ('a') RETURNING text")


async def test_a_read_sees_one_state(database: SqliteDatabase) -> None:
    loop = asyncio.get_running_loop()

    def query(connection: Connection) -> list[int]:
        count = "SELECT count(*) FROM notes"
        before = connection.execute(count).fetchone()[0]
        asyncio.run_coroutine_threadsafe(database.write(Note("meanwhile")), loop).result(10)
        return [before, connection.execute(count).fetchone()[0]]

    assert await database.read(query) == [0, 0]
    assert texts(database) == ["meanwhile"]


async def test_neighbour_that_does_not_end_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    database = await SqliteDatabase.open(path, migrations=NOTES, busy_seconds=0.02)
    with closing(connect(path, isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        neighbour.execute("INSERT INTO notes VALUES ('unseen')")

        with pytest.raises(Unavailable, match="busy"):
            await database.write(Note("a"))
        assert texts(database) == []

        neighbour.execute("ROLLBACK")
        assert await database.write(Note("b")) == "B"
    assert texts(database) == ["b"]
    await database.close()


async def test_writer_outlives_an_operation_that_loses_the_transaction_and_hides_it(database: SqliteDatabase) -> None:
    def hides(connection: Connection) -> None:
        connection.execute("ROLLBACK")
        raise ValueError("something else")

    with pytest.raises(ValueError, match="something else"):
        await database.write(hides)
    assert await database.write(Note("a")) == "A"


async def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        await SqliteDatabase.open(tmp_path / "none" / "notes.db", migrations=NOTES)


async def test_migrations_go_on_where_the_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "it's 100%?#.db"
    first = await SqliteDatabase.open(path, migrations=NOTES)
    await first.write(Note("old"))
    await first.close()
    further = (*NOTES, ("ALTER TABLE notes ADD COLUMN colour TEXT DEFAULT 'red'",), ("CREATE TABLE more (a)",))

    second = await SqliteDatabase.open(path, migrations=further)
    assert second.fetch_all("SELECT text, colour FROM notes") == [("old", "red")]
    assert second.fetch_one("PRAGMA user_version") == (3,)
    await second.close()

    with pytest.raises(NewerSchema, match="schema 3") as caught:
        await SqliteDatabase.open(path, migrations=NOTES)
    assert "\n" not in str(caught.value)


async def test_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    await (await SqliteDatabase.open(path, migrations=NOTES)).close()
    broken = (*NOTES, ("CREATE TABLE more (a)", "CREATE TABLE notes (again)"))

    with pytest.raises(Exception, match="already exists"):
        await SqliteDatabase.open(path, migrations=broken)

    database = await SqliteDatabase.open(path, migrations=NOTES)
    assert database.fetch_all("SELECT name FROM sqlite_master WHERE type = 'table'") == [("notes",)]
    await database.close()


async def test_many_open_a_new_file_at_once(tmp_path: Path) -> None:
    databases = await asyncio.gather(*(SqliteDatabase.open(tmp_path / "notes.db", migrations=NOTES) for _ in range(8)))

    await asyncio.gather(*(database.write(Note(f"n{number}")) for number, database in enumerate(databases)))

    assert sorted(texts(databases[0])) == [f"n{number}" for number in range(8)]
    for database in databases:
        await database.close()
