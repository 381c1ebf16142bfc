"""How commands fail: exit codes, one line on stderr; and what help says."""

import json
import os
from pathlib import Path

import pytest

from tests.clients.commands import Cli
from tests.clients.conftest import MODEL_BYTES, Fake
from tests.clients.served import Fault, problem

PUBLISH = ("publish", "tiny.zip", "--name", "acme/tiny", "--version", "1.0.0", "--type", "model")


@pytest.mark.parametrize(
    ("fault", "command", "code"),
    [
        (Fault("GET", "/packages", reply=problem(401, "not-signed-in")), ("list",), 4),
        (Fault("GET", "/packages", reply=problem(403, "permission-denied")), ("list",), 4),
        (Fault("GET", "/packages", reply=problem(422, "invalid-input")), ("list",), 1),
        (Fault("GET", "/packages", reply=problem(429, "throttled", **{"Retry-After": "3600"})), ("list",), 6),
        (Fault("GET", "/packages", reply=problem(503, "unavailable", **{"Retry-After": "60"})), ("list",), 6),
        (Fault("GET", "/packages", reply=problem(500, "internal-error")), ("list",), 6),
        (Fault("GET", "/packages", reply=(200, {}, b"<html>")), ("list",), 1),
        (Fault("POST", "/package", reply=problem(409, "package-exists")), PUBLISH, 5),
        (Fault("POST", "/package", reply=problem(422, "digest-mismatch")), PUBLISH, 7),
        (Fault("POST", "/package", reply=problem(413, "too-large")), PUBLISH, 1),
    ],
    ids=lambda value: None if isinstance(value, int) else "" if isinstance(value, tuple) else value.path_end,
)
def test_exit_codes_tell_what_was_wrong(
    cli: Cli, fake: Fake, model: Path, fault: Fault, command: tuple[str, ...], code: int
) -> None:
    fake.server.faults.append(fault)
    assert cli.failed(*command)[0] == code


def test_a_stale_revision_is_a_conflict(cli: Cli, fake: Fake, model: Path) -> None:
    package_id = cli.publish(model)["id"]
    stale = problem(412, "revision-conflict")
    fake.server.faults += [Fault("PATCH", package_id, reply=stale), Fault("DELETE", package_id, reply=stale)]
    assert cli.failed("update", package_id, "--description", "x")[0] == 5
    assert cli.failed("delete", package_id, "--yes")[0] == 5
    assert [request.headers["if-match"] for request in fake.server.seen("DELETE", package_id)] == ['"r1"']


def test_wrong_bytes_are_a_digest_mismatch(cli: Cli, fake: Fake, model: Path, tmp_path: Path) -> None:
    package_id = cli.publish(model)["id"]
    fake.registry.bytes[package_id] = MODEL_BYTES[::-1]
    code, line = cli.failed("download", package_id, "-o", "copy")
    assert code == 7
    assert "thrown away" in line
    assert sorted(os.listdir(tmp_path)) == ["config", "tiny.zip"]  # noqa: PTH208


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "no-such-file", "--name", "x", "--version", "1.0.0", "--type", "model"),
        ("publish", "--name", "x", "--version", "1.0.0", "--type", "nonsense"),
        ("show",),
        ("list", "--limit", "0"),
        ("users", "add", "bob", "--permission", "everything"),
        ("nonsense",),
        (*PUBLISH, "--depends", "no-colon"),
        ("users", "add", "bob"),
        ("list", "--server", "ftp://registry.example.org"),
        ("login",),
    ],
)
def test_wrong_usage_is_2_and_sends_nothing(cli: Cli, fake: Fake, model: Path, arguments: tuple[str, ...]) -> None:
    fake.server.requests.clear()
    outcome = cli.run(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err
    assert fake.server.requests == []


def test_text_of_strangers_cannot_steer_the_terminal(cli: Cli, fake: Fake) -> None:
    document = {"type": "/problems/x", "title": "Bad\x1b[2J", "detail": "two\nlines\u202e", "status": 400}
    reply = (400, {"Content-Type": "application/problem+json"}, json.dumps(document).encode())
    fake.server.faults.append(Fault("GET", "/packages", reply=reply))
    assert cli.failed("list") == (1, "registry: Bad\ufffd[2J: two lines\ufffd")


@pytest.mark.parametrize("command", [(), ("publish",), ("download",), ("users", "add"), ("login",)])
def test_help_teaches_by_example(visitor: Cli, command: tuple[str, ...]) -> None:
    text = visitor.done(*command, "--help").out
    assert "Example" in text
    assert "registry " + " ".join(command) in text
