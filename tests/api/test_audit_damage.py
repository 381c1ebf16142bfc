"""What somebody does to the log of audit entries in the store is found by `registry audit verify`, on both backends."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aioboto3
from typer.testing import CliRunner

from registry.cli import app
from tests.api.conftest import ServerFactory
from tests.api.support import log_in, publish
from tests.engines.s3 import ACCESS_KEY, REGION, SECRET_KEY

Row = dict[str, Any]
ALTERED = 3
_DAMAGED = 7
_TABLES = {"audit": "position", "audit_log": "one", "audit_tiles": "level, number"}


@dataclass(frozen=True, slots=True)
class Log:
    """What the store has of it: entries in the order of their positions; head, tiles and last checkpoint."""

    entries: list[Row]
    state: list[Row]


class Store(Protocol):
    position: str

    async def read(self) -> Log: ...
    async def write(self, log: Log) -> None: ...
    def forged(self, entry: Row) -> Row: ...


class SqliteStore:
    position = "position"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> Log:
        rows: dict[str, list[Row]] = {}
        with contextlib.closing(sqlite3.connect(self._path)) as connection:
            connection.row_factory = sqlite3.Row
            for table, order in _TABLES.items():
                found = connection.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608 - fixed texts
                rows[table] = [{"table": table, **dict(row)} for row in found]
        return Log(rows["audit"], rows["audit_log"] + rows["audit_tiles"])

    async def write(self, log: Log) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed texts
            for row in log.entries + log.state:
                names = [name for name in row if name != "table"]
                columns, places = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
                sql = f"INSERT INTO {row['table']} ({columns}) VALUES ({places})"  # noqa: S608 - fixed texts
                connection.execute(sql, [row[name] for name in names])

    def forged(self, entry: Row) -> Row:
        return {**entry, "user": "eve"}


class DynamoStore:
    position = "log_position"

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._name, self._url = settings["REGISTRY_DYNAMODB_TABLE"], settings["REGISTRY_DYNAMODB_ENDPOINT_URL"]

    @contextlib.asynccontextmanager
    async def _table(self) -> Any:
        session = aioboto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
        async with session.resource("dynamodb", endpoint_url=self._url) as engine:
            yield await engine.Table(self._name)

    async def read(self) -> Log:
        async with self._table() as table:
            items = (await table.scan(ConsistentRead=True))["Items"]
        entries = [item for item in items if item["pk"].startswith("A#")]
        state = [item for item in items if item["pk"].startswith("X#") and item["sk"] != "lease"]
        return Log(sorted(entries, key=lambda item: int(item["log_position"])), state)

    async def write(self, log: Log) -> None:
        before = await self.read()
        async with self._table() as table:
            kept = {(item["pk"], item["sk"]) for item in log.entries + log.state}
            for item in before.entries + before.state:
                if (item["pk"], item["sk"]) not in kept:
                    await table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
            for item in log.entries + log.state:
                await table.put_item(Item=item)

    def forged(self, entry: Row) -> Row:
        return {**entry, "user": "eve"}


def alter(store: Store, log: Log, _: Log) -> Log:
    entries = list(log.entries)
    entries[ALTERED] = store.forged(entries[ALTERED])
    return Log(entries, log.state)


def remove(_store: Store, log: Log, _: Log) -> Log:
    return Log(log.entries[:ALTERED] + log.entries[ALTERED + 1 :], log.state)


def move(store: Store, log: Log, _: Log) -> Log:
    entries = list(log.entries)
    one, other = entries[ALTERED], entries[ALTERED + 1]
    entries[ALTERED : ALTERED + 2] = [
        {**other, store.position: one[store.position]},
        {**one, store.position: other[store.position]},
    ]
    return Log(entries, log.state)


def cut(_store: Store, _log: Log, early: Log) -> Log:
    """The whole log as it was earlier, its own checkpoint too: nothing in the store contradicts it."""
    return early


DAMAGES: dict[str, Callable[[Store, Log, Log], Log]] = {
    "altered": alter,
    "missing": remove,
    "moved": move,
    "cut at the end": cut,
}


def test_what_is_done_to_the_store_is_found(start: ServerFactory, backend: Mapping[str, str], tmp_path: Path) -> None:
    server = start(**backend)
    store: Store = DynamoStore(backend) if backend else SqliteStore(server.data_dir / "registry.db")
    person = log_in(server.url, server.admin_name, server.admin_password)
    runner = CliRunner(env={"REGISTRY_SERVER": server.url, "REGISTRY_TOKEN": person.token})

    def run(*words: str) -> tuple[int, str]:
        result = runner.invoke(app, ["audit", *words])
        return result.exit_code, result.output

    def verified(export: str = "export", *, proof: int | None = None) -> tuple[int, str]:
        """The exit code and output of the verification, against the checkpoint that was taken before."""
        words = ("proof", str(proof)) if proof is not None else (export,)
        code, written = run(*words)
        if code:
            return code, written
        file = tmp_path / "written"
        file.write_text(written)
        option = ("--proof",) if proof is not None else ()
        return run("verify", *option, str(file), "--checkpoint", str(tmp_path / "checkpoint"))

    with person.client:
        for _ in range(6):
            publish(person.client, status="draft")
        run("checkpoint")
        early = asyncio.run(store.read())
        publish(person.client, status="draft")
        (tmp_path / "checkpoint").write_text(run("checkpoint")[1])
        log = asyncio.run(store.read())
        assert len(early.entries) < len(log.entries)
        assert verified()[0] == verified(proof=ALTERED)[0] == 0
        for name, damage in DAMAGES.items():
            asyncio.run(store.write(damage(store, log, early)))
            code, said = verified()
            assert code == _DAMAGED, f"{name}: {said}"
            if name != "cut at the end":  # the entry itself is as it was signed, in a log that has other ends
                assert verified(proof=ALTERED)[0] != 0, name
        asyncio.run(store.write(log))
        assert verified()[0] == verified(proof=ALTERED)[0] == 0
