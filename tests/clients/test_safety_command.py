"""`registry safety`, and the client's method, against a real server."""

from collections.abc import Iterator

import pytest

from registry.cli.output import Output
from registry.cli.safety import draw_verdict
from registry.client import RegistryClient
from tests.api.pickles import clean, dangerous, encrypted
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import log_in, publish
from tests.clients.commands import Cli


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(server_environment(tmp_path_factory.mktemp("scanned") / "data"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def user(server: RunningServer) -> Cli:
    """A signed-in command line, with a package of each kind."""
    person = log_in(server.url, server.admin_name, server.admin_password)
    cli = Cli(server.url)
    cli.environment["REGISTRY_TOKEN"] = person.token
    contents = {"clean": clean(), "dangerous": dangerous(), "unread": encrypted()}
    with person.client as client:
        for name, content in contents.items():
            publish(client, content, name=f"acme/{name}", filename=f"{name}.{'zip' if name == 'unread' else 'pkl'}")
    return cli


@pytest.mark.parametrize(
    ("name", "status", "code"), [("clean", "clean", 0), ("dangerous", "dangerous", 1), ("unread", "not_scanned", 0)]
)
def test_a_verdict_is_shown_and_danger_is_the_exit_code(user: Cli, name: str, status: str, code: int) -> None:
    answer = user.run("safety", f"acme/{name}@1.0.0")
    assert (answer.code, answer.document["status"]) == (code, status)
    assert {"findings", "scanned", "not_scanned", "scanned_at", "content_sha256"} <= set(answer.document)


def test_on_a_terminal_it_is_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    found = {"path": "a.zip!/\x1b[31mm.pkl", "level": "dangerous", "scanner": "pickle", "detail": "calls os.system"}
    verdict = {
        "status": "dangerous",
        "content_sha256": "ab" * 32,
        "findings": [found],
        "scanned": ["a.zip!/m.pkl"],
        "not_scanned": [{"path": "b.zip", "reason": "encrypted"}],
        "scanned_at": "2026-11-23T15:43:00.123Z",
    }
    draw_verdict("acme/tiny 1.0.0", verdict, Output(as_json=False))
    drawn = capsys.readouterr().out
    assert "\x1b[31m" not in drawn
    rows = [line.split() for line in drawn.splitlines()]
    assert ["verdict", "dangerous"] in rows
    assert ["b.zip", "not", "scanned", "encrypted"] in rows
    assert any(row[1:] == ["dangerous", "pickle", "calls", "os.system"] for row in rows)


async def test_the_client_waits_for_the_verdict(server: RunningServer, user: Cli) -> None:
    async with RegistryClient(server.url, user.environment["REGISTRY_TOKEN"]) as client:
        found = await client.resolve("acme/clean")
        verdict = await client.safety.get(found.id, wait_seconds=30)
    assert verdict is not None
    assert found.content is not None
    assert verdict.content_sha256 == found.content.sha256
