"""SIGKILL at random moments of 200 publishes and deletes: what was acknowledged holds, nothing is there by half."""

import os
import random

import httpx
import pytest

from tests.api.backends import ENGINES, SCALED, backend_settings
from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import download, ids, listed, log_in, problem, sha256_hex
from tests.crash.ledger import Ledger, Publication, run_until_killed, send

OPERATIONS = 200
MAX_LINGER_SECONDS = 0.02


def seed() -> int:
    """Fresh each run, printed, and repeatable with CRASH_SEED."""
    return int(os.environ.get("CRASH_SEED") or random.SystemRandom().getrandbits(32))


def whole(client: httpx.Client, publication: Publication, package_id: str) -> None:
    """The package and its content must be there, with the bytes that were sent."""
    found = client.get(f"/package/{package_id}")
    assert found.status_code == 200, f"{package_id} is lost: {found.text}"
    package = found.json()
    assert package["name"] == publication.described["name"]
    assert package["content"]["sha256"] == sha256_hex(publication.content)
    answer = download(client, package)
    assert answer.status_code == 200, f"the content of {package_id} is lost: {answer.text}"
    assert sha256_hex(answer.content) == sha256_hex(publication.content)


def gone(client: httpx.Client, publication: Publication) -> None:
    for rest in ("", "/content", "/audit"):
        problem(client.get(f"/package/{publication.id}{rest}"), 404)
    assert listed(client, name=publication.described["name"]) == []


def settle(client: httpx.Client, ledger: Ledger) -> None:
    """Find out what became of requests without an answer. Each must have happened whole or not at all."""
    for publication in ledger.perhaps_published:
        before = ids(listed(client, name=publication.described["name"]))
        again = send(client, publication)
        assert again.status_code == 201, f"a retry with its Idempotency-Key: {again.text}"
        package_id = str(again.json()["id"])
        assert before in ([], [package_id])
        ledger.live[package_id] = publication
    for publication in ledger.perhaps_deleted:
        if client.get(f"/package/{publication.id}").status_code == 200:
            ledger.live[str(publication.id)] = publication
        else:
            gone(client, publication)
    ledger.perhaps_published.clear()
    ledger.perhaps_deleted.clear()


def check(client: httpx.Client, ledger: Ledger) -> None:
    for package_id, publication in ledger.live.items():
        whole(client, publication, package_id)
    for publication in ledger.deleted.values():
        gone(client, publication)


def holds_exactly(server: RunningServer, client: httpx.Client, ledger: Ledger) -> None:
    """The listing and, once swept, the folder must hold what is live, and nothing else."""
    assert sorted(ids(listed(client, limit=200))) == sorted(ledger.live)
    server.sweep()
    stored = server.stored()
    assert len(stored) == len(ledger.live), stored


# A server of two workers takes twice as long to start, so it gets fewer rounds.
@pytest.mark.parametrize(("workers", "rounds"), [(1, 5), (2, 3)])
def test_acknowledged_changes_survive_sigkill(start: ServerFactory, workers: int, rounds: int) -> None:
    survive(start(workers=workers), rounds)


@pytest.mark.engines(*ENGINES)
def test_acknowledged_changes_survive_sigkill_at_scale(request: pytest.FixtureRequest, start: ServerFactory) -> None:
    survive(start(**backend_settings(request, SCALED)), 3)


def survive(server: RunningServer, rounds: int) -> None:
    chosen = seed()
    print(f"CRASH_SEED={chosen}")  # noqa: T201  shown when the test fails, so that it can be repeated
    choice = random.Random(chosen)  # noqa: S311  no secret
    admin = log_in(server.url, server.admin_name, server.admin_password)
    everything = Ledger()
    with admin.client as client:
        for number in range(rounds):
            kill_after, linger_seconds = choice.randrange(1, OPERATIONS - 10), choice.uniform(0, MAX_LINGER_SECONDS)
            ledger = run_until_killed(
                server, admin, choice, operations=OPERATIONS, kill_after=kill_after, linger_seconds=linger_seconds
            )
            if number % 2:
                server.sweep()
            server.start()
            settle(client, ledger)
            check(client, ledger)
            everything.absorb([ledger])
            holds_exactly(server, client, everything)
        # Nothing of an earlier round was lost in a later one, or swept.
        check(client, everything)


def test_restart_needs_no_sweep_to_serve(start: ServerFactory) -> None:
    """What a crash leaves is never visible, swept or not."""
    choice = random.Random(7)  # noqa: S311  no secret
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        ledger = run_until_killed(server, admin, choice, operations=60, kill_after=30, linger_seconds=0.005)
        server.start()
        settle(client, ledger)
        check(client, ledger)
        assert len(server.stored()) >= len(ledger.live)
        holds_exactly(server, client, ledger)
