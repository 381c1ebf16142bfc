"""Clients that publish and delete until the server dies, and remember what they were told."""

import random
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, connect, metadata, multipart, unique

CLIENTS = 4
LARGE_BYTES = 600_000


@dataclass(frozen=True, slots=True)
class Publication:
    """What a client sent. `id` is None until it was acknowledged."""

    described: JsonObject
    content: bytes
    key: str
    id: str | None = None


@dataclass(slots=True)
class Ledger:
    """What the clients know. What was under way when the server died may or may not have happened."""

    live: dict[str, Publication] = field(default_factory=dict)
    deleted: dict[str, Publication] = field(default_factory=dict)
    perhaps_published: list[Publication] = field(default_factory=list)
    perhaps_deleted: list[Publication] = field(default_factory=list)

    def absorb(self, others: Iterable["Ledger"]) -> None:
        for other in others:
            self.live.update(other.live)
            self.deleted.update(other.deleted)
            self.perhaps_published += other.perhaps_published
            self.perhaps_deleted += other.perhaps_deleted


class Progress:
    """Counts operations of all clients: how many may begin, and how many were acknowledged."""

    def __init__(self, operations: int) -> None:
        self._left = operations
        self._acknowledged = 0
        self._changed = threading.Condition()

    def begin(self) -> bool:
        with self._changed:
            self._left -= 1
            return self._left >= 0

    def acknowledge(self) -> None:
        with self._changed:
            self._acknowledged += 1
            self._changed.notify_all()

    def wait_for(self, count: int, *, timeout_seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._acknowledged >= count, timeout_seconds)


def send(client: httpx.Client, publication: Publication) -> httpx.Response:
    body, headers = multipart(publication.described, publication.content)
    return client.post("/package", content=body, headers={**headers, "Idempotency-Key": publication.key})


def delete(client: httpx.Client, publication: Publication) -> httpx.Response:
    return client.delete(f"/package/{publication.id}")


def fresh(choice: random.Random) -> Publication:
    size = LARGE_BYTES if choice.random() < 0.15 else choice.randrange(1, 4000)
    return Publication(metadata(tags=["crash"]), choice.randbytes(size), unique("key"))


def work(client: httpx.Client, progress: Progress, choice: random.Random) -> Ledger:
    """Publish and delete until the operations are used up or the server is gone."""
    ledger = Ledger()
    while progress.begin():
        victim = ledger.live.pop(choice.choice(list(ledger.live))) if ledger.live and choice.random() < 0.4 else None
        publication = victim or fresh(choice)
        try:
            answer = delete(client, publication) if victim else send(client, publication)
        except httpx.TransportError:
            (ledger.perhaps_deleted if victim else ledger.perhaps_published).append(publication)
            return ledger
        if victim:
            assert answer.status_code == 204, answer.text
            ledger.deleted[str(publication.id)] = publication
        else:
            assert answer.status_code == 201, answer.text
            identity = str(answer.json()["id"])
            ledger.live[identity] = Publication(publication.described, publication.content, publication.key, identity)
        progress.acknowledge()
    return ledger


def run_until_killed(
    server: RunningServer,
    person: Person,
    choice: random.Random,
    *,
    operations: int,
    kill_after: int,
    linger_seconds: float,
) -> Ledger:
    """Let CLIENTS clients work, kill the server `linger_seconds` after so many acknowledgements, and add up."""
    progress = Progress(operations)

    def run(seed: int) -> Ledger:
        with connect(server.url, person.token) as client:
            return work(client, progress, random.Random(seed))  # noqa: S311  no secret: a test that can be repeated

    with ThreadPoolExecutor(CLIENTS) as pool:
        running: list[Future[Ledger]] = [pool.submit(run, choice.getrandbits(32)) for _ in range(CLIENTS)]
        assert progress.wait_for(kill_after, timeout_seconds=120), server.output()
        threading.Event().wait(linger_seconds)
        server.kill()
        ledger = Ledger()
        ledger.absorb(future.result() for future in running)
    return ledger
