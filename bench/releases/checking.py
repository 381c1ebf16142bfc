"""Releases of fifty packages by a server that is killed at every step of them, while others read."""

import asyncio
import contextlib
import itertools
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.load import request
from bench.publishing import multipart
from bench.releases.dying import FOLDER
from bench.releases.readers import NameSet, Readers, Tally
from load.connection import Answer, Connection
from tests.api.server import RunningServer, server_environment
from tests.api.support import log_in
from tests.engines.process import ROOT, free_port

PUBLISHERS = 8
GENERATIONS = 5
"""Releases of a set of names: with more, a name has ever more versions, and reads get slower."""
_ATTEMPTS, _AGAIN_SECONDS = 60, 1.0
_OK, _CREATED, _UNAVAILABLE = 200, 201, 503


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills`: at how many steps the server is killed, those with names and others evenly spread; None for each."""

    reads: int = 1_000_000
    kills: int | None = None
    packages: int = 50
    readers: int = 50
    reads_after_a_kill: int = 200
    pause_seconds: float = 0.0


@dataclass(slots=True)
class Outcome:
    """`steps`: writes of a release. `kept` and `lost`: releases that were there after the kill, and that were not.

    `unavailable`: how many drafts and releases were answered by 503, and sent again.
    """

    tally: Tally
    steps: int = 0
    releases: int = 0
    kept: int = 0
    lost: int = 0
    unavailable: int = 0
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        return self.kept + self.lost


async def check(
    settings: Mapping[str, str], folder: Path, plan: Plan, *, report: Callable[[Outcome], None] = lambda _: None
) -> Outcome:
    """Release until the plan is done. `settings` are those of an empty registry, `folder` an empty one."""
    with _servers(settings, folder) as (dying, other):
        await asyncio.gather(asyncio.to_thread(dying.start), asyncio.to_thread(other.start))
        publisher, reader = await asyncio.to_thread(_sign_in, other)
        sets = (NameSet([f"set-{n}/model-{m}" for m in range(plan.packages)]) for n in itertools.count())
        ports = [_port(dying), _port(other)]
        readers = Readers(ports, reader, count=plan.readers, names=next(sets), pause_seconds=plan.pause_seconds)
        checking = _Checking(dying, other, publisher, readers, folder)
        began = time.monotonic()
        async with _running(readers):
            await checking.release(readers.names, die_at=None)
            outcome = checking.outcome
            steps: list[str] = json.loads((folder / "steps").read_text())
            outcome.steps = len(steps)
            left = _chosen(steps, plan.kills)
            while left or readers.tally.reads.total() < plan.reads:
                if readers.names.under_way == GENERATIONS:
                    readers.names = next(sets)
                left = left or _chosen(steps, plan.kills)
                await checking.release(readers.names, die_at=left.pop(0), reads_after=plan.reads_after_a_kill)
                outcome.seconds = time.monotonic() - began
                report(outcome)
    return outcome


class _Checking:
    def __init__(
        self, dying: RunningServer, other: RunningServer, publisher: str, readers: Readers, folder: Path
    ) -> None:
        self.outcome = Outcome(readers.tally)
        self._dying, self._other = dying, other
        self._headers = {"Authorization": f"Bearer {publisher}"}
        self._readers = readers
        self._die = folder / "die"

    async def release(self, names: NameSet, *, die_at: str | None, reads_after: int = 0) -> None:
        """One more generation of the names. Where the server dies on the way, it is started and asked again."""
        generation = names.under_way + 1
        ids = await self._publish(names, generation)
        names.under_way = generation
        aliases = {f"model/{name}": {"prod": f"{generation}.0.0"} for name in names.names}
        body = json.dumps({"packages": ids, "aliases": aliases}).encode()
        if die_at is None:
            self._die.unlink(missing_ok=True)
        else:
            self._die.write_text(die_at)
        answer = await self._release(body)
        self._die.unlink(missing_ok=True)
        self.outcome.releases += 1
        if answer is not None:
            if answer.status != _OK:
                raise RuntimeError(f"the release was refused: {answer.body!r}")
            return
        await self._readers.wait_for(reads_after // 2)  # from the server that still lives
        await asyncio.to_thread(self._restart)
        await self._readers.wait_for(reads_after // 2)
        if await self._is_released(ids):
            self.outcome.kept += 1
            return
        self.outcome.lost += 1
        again = await self._release(body)
        if again is None or again.status != _OK or not await self._is_released(ids):
            raise RuntimeError(f"the release was refused: {again}")

    async def _publish(self, names: NameSet, generation: int) -> list[str]:
        ids: list[str] = []

        async def publish(waiting: Iterator[str]) -> None:
            for name in waiting:
                members = {"name": name, "version": f"{generation}.0.0", "type": "model", "status": "draft"}
                body, media_type = multipart({**members, "tags": [names.tag(generation)]}, b"the same bytes each time")
                more = {"Content-Type": media_type, "Idempotency-Key": f"{name}-{generation}"}
                answer = await self._post(self._other, "/package", more, body)
                if answer is None or answer.status != _CREATED:
                    raise RuntimeError(f"a draft was refused: {answer}")
                ids.append(json.loads(answer.body)["id"])

        first, *rest = names.names
        await publish(iter([first]))  # by itself: it makes the namespace
        waiting = iter(rest)
        await asyncio.gather(*(publish(waiting) for _ in range(PUBLISHERS)))
        return ids

    async def _release(self, body: bytes) -> Answer | None:
        return await self._post(self._dying, "/releases", {"Content-Type": "application/json"}, body)

    async def _post(self, server: RunningServer, path: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """None where the server ended before it answered. One that cannot answer at the moment is asked again."""
        asked = request("POST", path, {**self._headers, **headers}, body)
        for _ in range(_ATTEMPTS):
            connection = await Connection.opened(_port(server))
            try:
                answer = await connection.send(asked, timeout_seconds=120)
            except OSError:
                return None
            finally:
                connection.close()
            if answer.status != _UNAVAILABLE:
                break
            self.outcome.unavailable += 1
            await asyncio.sleep(_AGAIN_SECONDS)
        return answer

    async def _is_released(self, ids: Sequence[str]) -> bool:
        """Whether the packages are active, which all of them are or none, on both servers."""
        found = set()
        for server in (self._dying, self._other):
            connection = await Connection.opened(_port(server))
            for each in ids:
                answer = await connection.send(request("GET", f"/package/{each}", self._headers))
                while answer.status == _UNAVAILABLE:
                    answer = await connection.send(request("GET", f"/package/{each}", self._headers))
                found.add(json.loads(answer.body).get("status"))
            connection.close()
        if found not in ({"active"}, {"draft"}):
            self._readers.tally.mixed.append(f"the packages of a release have the statuses {found}")
        return found == {"active"}

    def _restart(self) -> None:
        self._dying.kill()
        self._dying.start()


def _chosen(steps: Sequence[str], kills: int | None) -> list[str]:
    """The steps that have names, and so many of the others that there are `kills` of all."""
    named = [step for step in steps if not step.isdecimal()]
    others = len(steps) - len(named)
    wanted = others if kills is None else min(max(kills - len(named), 0), others)
    return [*(steps[place * others // wanted] for place in range(wanted)), *named]


def _port(server: RunningServer) -> int:
    return int(server.url.rpartition(":")[2])


@contextlib.contextmanager
def _servers(settings: Mapping[str, str], folder: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers on the same stores, not started: one that dies, and one that lives."""
    environment = server_environment(folder / "data", **settings)
    own = {"PYTHONPATH": str(ROOT), FOLDER: str(folder)}
    name, password = environment["REGISTRY_ADMIN_USERNAME"], environment["REGISTRY_ADMIN_PASSWORD"]
    dying = RunningServer(
        f"http://127.0.0.1:{free_port()}", name, password, environment | own, program="bench.releases.dying"
    )
    if "REGISTRY_RECORDS" in settings:  # another host: what it keeps in files is its own
        environment = environment | {"REGISTRY_DATA_DIR": str(folder / "other")}
    other = replace(dying, url=f"http://127.0.0.1:{free_port()}", environment=environment, program="registry")
    try:
        yield dying, other
    finally:
        for server in (dying, other):
            if server.process is not None:
                server.kill()


@contextlib.asynccontextmanager
async def _running(readers: Readers) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(readers.run())
        yield
        reading.cancel()


def _sign_in(server: RunningServer) -> tuple[str, str]:
    """The tokens of a user that publishes and one that reads."""
    admin = log_in(server.url, server.admin_name, server.admin_password)
    tokens = []
    for name, permissions in (("publisher", ["upload", "search"]), ("reader", ["search"])):
        password = secrets.token_urlsafe(12)
        body = {"name": name, "password": password, "permissions": permissions}
        admin.client.post("/users", json=body).raise_for_status()
        person = log_in(server.url, name, password)
        person.client.close()
        tokens.append(person.token)
    admin.client.close()
    return tokens[0], tokens[1]
