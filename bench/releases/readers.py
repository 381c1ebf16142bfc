"""Readers who look names, aliases and `latest` up again and again, and judge each answer.

All names of a set get the same version with each release. So an answer shows a *generation*: 3 for 3.0.0, and 0 before
the first release. A view is mixed in either of two ways: an answer contradicts itself (the alias is at 3.0.0 and
`latest` at 2.0.0, or a page has a part of a release); or it shows an older generation than an answer that any reader,
of any server, had received before the question was sent.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.load import request
from load.connection import Answer, Connection

KINDS = ("name", "alias", "latest", "page")
_OK, _NOT_FOUND, _UNAVAILABLE = 200, 404, 503
_RECONNECT_SECONDS = 0.05


@dataclass(slots=True)
class NameSet:
    """Names that are released together. `under_way` is the generation that is being released, or was last."""

    names: Sequence[str]
    under_way: int = 0
    seen: int = 0
    """The newest generation that an answer has shown."""

    def tag(self, generation: int) -> str:
        """What the packages of a generation, and no others, are tagged with."""
        return f"{self.names[0].partition('/')[0]}-{generation}"


@dataclass(slots=True)
class Tally:
    """`cut`: answers that ended with their server. `refused`: those of status 503. Neither counts as a read."""

    reads: Counter[str] = field(default_factory=Counter)
    mixed: list[str] = field(default_factory=list)
    cut: int = 0
    refused: int = 0


class Mixed(Exception):
    """An answer that contradicts itself."""


class Readers:
    """`pause_seconds`: how long each waits after an answer."""

    def __init__(
        self, ports: Sequence[int], token: str, *, count: int, names: NameSet, pause_seconds: float = 0.0
    ) -> None:
        self.tally = Tally()
        self.names = names
        self._ports = ports
        self._count = count
        self._pause_seconds = pause_seconds
        self._headers = {"Authorization": f"Bearer {token}"}
        self._more = asyncio.Event()

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._count):
                tasks.create_task(self._read_on(self._ports[number % len(self._ports)], random.Random(number)))

    async def wait_for(self, reads: int) -> None:
        """Return after so many more reads."""
        wanted = self.tally.reads.total() + reads
        while self.tally.reads.total() < wanted:
            self._more.clear()
            await self._more.wait()

    async def _read_on(self, port: int, choice: random.Random) -> None:
        while True:
            try:
                connection = await Connection.opened(port)
            except OSError:
                await asyncio.sleep(_RECONNECT_SECONDS)  # its server is being started
                continue
            try:
                while True:
                    await self._read(connection, choice)
                    if self._pause_seconds:
                        await asyncio.sleep(self._pause_seconds * choice.uniform(0.5, 1.5))
            except (OSError, TimeoutError):
                self.tally.cut += 1
            finally:
                connection.close()

    async def _read(self, connection: Connection, choice: random.Random) -> None:
        names, kind, name = self.names, choice.choice(KINDS), choice.choice(self.names.names)
        floor, generation = names.seen, names.under_way
        answer = await connection.send(request("GET", self._path(names, kind, name, generation), self._headers))
        if answer.status == _UNAVAILABLE:
            self.tally.refused += 1
            return
        self.tally.reads[kind] += 1
        self._more.set()
        try:
            shown = _shown(kind, answer, generation, len(names.names))
        except Mixed as mixed:
            self.tally.mixed.append(f"{kind} of {name}: {mixed}")
            return
        # A page has one generation only: without it, it says nothing of those before.
        if shown < floor and (kind != "page" or floor == generation):
            self.tally.mixed.append(f"{kind} of {name}: shows {shown}, after {floor} was seen")
        names.seen = max(names.seen, shown)

    @staticmethod
    def _path(names: NameSet, kind: str, name: str, generation: int) -> str:
        if kind == "name":
            return f"/names/model/{name}?limit=1"
        if kind == "page":
            return f"/packages?tag={names.tag(generation)}&limit=100"
        return f"/packages?name={name}&version={'prod' if kind == 'alias' else 'latest'}"


def _shown(kind: str, answer: Answer, generation: int, size: int) -> int:
    """The generation that an answer shows. Raises Mixed."""
    if answer.status == _NOT_FOUND and kind != "page":
        return 0  # nothing of the name was released yet
    if answer.status != _OK:
        raise Mixed(f"answered {answer.status}: {answer.body[:200]!r}")
    document: dict[str, Any] = json.loads(answer.body)
    if kind == "name":
        newest = [version["version"] for version in document["versions"]]
        return _one([*newest, document["latest"]["version"], document["aliases"].get("prod", "no alias")])
    items = document["items"]
    if kind == "page":
        if len(items) not in (0, size):
            raise Mixed(f"has {len(items)} packages of {size}")
        return generation if items else 0
    return _one([item["version"] for item in items])


def _one(versions: Sequence[str]) -> int:
    found = set(versions)
    if len(found) != 1:
        raise Mixed(f"has the versions {sorted(found)}")
    (version,) = found
    return int(version.partition(".")[0])
