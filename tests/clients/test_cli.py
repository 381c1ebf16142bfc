"""The commands, run in this process with pipes for terminals: what they print, keep and return."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.commands import Cli
from tests.clients.conftest import MODEL_BYTES, Fake
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD, FakeRegistry
from tests.clients.served import FaultyServer, serve


def test_a_login_is_kept_for_its_owner_and_ends_with_a_logout(
    cli: Cli, config_file: Path, registry_url: str, fake: Fake
) -> None:
    assert config_file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(config_file.parent) == ["config.json"]  # noqa: PTH208
    kept = json.loads(config_file.read_text())
    assert kept["server"] == registry_url
    assert kept["sessions"][registry_url]["user"] == ADMIN
    assert ADMIN_PASSWORD not in config_file.read_text()

    cli.environment["REGISTRY_SERVER"] = None
    assert cli.done("list").out == ""
    cli.done("logout")
    assert fake.registry.tokens == {}
    assert json.loads(config_file.read_text())["sessions"] == {}
    assert cli.failed("list")[0] == 4


def test_a_wrong_password_keeps_nothing(visitor: Cli, config_file: Path) -> None:
    code, line = visitor.failed("login", "--user", ADMIN, "--password-stdin", stdin="wrong\n")
    assert code == 4
    assert line == "registry: Wrong name or password."
    assert not config_file.exists()


def test_a_token_that_others_may_read_is_not_used(cli: Cli, config_file: Path) -> None:
    config_file.chmod(0o640)
    code, line = cli.failed("list")
    assert code == 1
    assert f"chmod 600 {config_file}" in line
    assert cli.failed("login", "--user", ADMIN, "--password-stdin", stdin=ADMIN_PASSWORD)[0] == 1


@pytest.mark.parametrize("text", ["", "[]", "{", '{"sessions": {"x": {}}}', '{"sessions": 1}'])
def test_a_damaged_configuration_is_told(cli: Cli, config_file: Path, text: str) -> None:
    config_file.write_text(text)
    code, line = cli.failed("list")
    assert code == 1
    assert "is damaged" in line


@pytest.fixture
def other_server() -> Iterator[tuple[str, FaultyServer]]:
    server = FaultyServer(FakeRegistry().app)
    with serve(server) as url:
        yield url, server


def test_a_token_goes_only_to_the_server_that_gave_it(cli: Cli, other_server: tuple[str, FaultyServer]) -> None:
    url, server = other_server
    assert cli.failed("list", "--server", url)[0] == 4
    assert server.requests
    assert all("authorization" not in request.headers for request in server.requests)


def test_options_weigh_more_than_the_environment(cli: Cli, fake: Fake) -> None:
    (token,) = fake.registry.tokens
    cli.environment["REGISTRY_TOKEN"] = "nonsense"
    assert cli.failed("list")[0] == 4
    assert cli.done("list", "--token", token).out == ""
    cli.environment |= {"REGISTRY_SERVER": "http://127.0.0.1:1", "REGISTRY_TOKEN": token}
    assert cli.done("list", "--server", fake.url).out == ""


def test_what_is_published_is_listed_shown_and_downloaded(cli: Cli, model: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Tiny\n")
    options = ["--description", "klein – aber fein", "--license", "MIT", "--tag", "nlp", "--tag", "en"]
    depends = ["--depends", "base_model:google-bert/bert@^1.0.0", "--depends", "trained_on:data"]
    published = cli.publish(model, *options, *depends, "--readme", "README.md")
    digest = hashlib.sha256(MODEL_BYTES).hexdigest()
    assert published["content"]["sha256"] == digest

    for reference in (published["id"], "acme/tiny", "acme/tiny@1.0.0", "acme/tiny@~1.0"):
        shown = cli.done("show", reference).document
        assert shown == {**published, "readme": "# Tiny\n"}
    assert (shown["description"], shown["license"], shown["tags"]) == ("klein – aber fein", "MIT", ["nlp", "en"])
    assert [(item["relation"], item["name"], item["version"]) for item in shown["dependencies"]] == [
        ("base_model", "google-bert/bert", "^1.0.0"),
        ("trained_on", "data", None),
    ]

    (tmp_path / "folder").mkdir()
    done = cli.done("download", "acme/tiny", "--output", "folder").document
    assert done == {"id": published["id"], "path": "folder/tiny.zip", "sha256": digest}
    assert (tmp_path / "folder" / "tiny.zip").read_bytes() == MODEL_BYTES


def test_a_download_does_not_replace_another_file_unasked(cli: Cli, model: Path, tmp_path: Path, fake: Fake) -> None:
    cli.publish(model)
    copy = tmp_path / "copy"
    copy.write_bytes(b"mine")
    code, line = cli.failed("download", "acme/tiny", "-o", "copy")
    assert (code, copy.read_bytes()) == (5, b"mine")
    assert "--force" in line
    cli.done("download", "acme/tiny", "-o", "copy", "--force")
    assert copy.read_bytes() == MODEL_BYTES
    fake.server.requests.clear()
    cli.done("download", "acme/tiny", "-o", "copy")
    assert fake.server.seen("GET", "/content") == []


def test_listings_are_a_document_a_line_and_filtered(cli: Cli, model: Path) -> None:
    for number in range(5):
        cli.publish(model, "--tag", f"t{number % 2}", version=f"1.{number}.0")

    def versions(*options: str) -> list[str]:
        return [document["version"] for document in cli.done("list", *options).documents]

    assert versions() == ["1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"]
    assert versions("--limit", "2", "--sort", "created") == ["1.0.0", "1.1.0"]
    assert versions("--tag", "t1", "--type", "model", "--name", "acme/tiny") == ["1.3.0", "1.1.0"]
    assert versions("--version", "~1.2.0") == ["1.2.0"]
    assert versions("--sort", "name") == ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]
    assert sorted(versions("--sort", "score")) == ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]
    assert all("rating" in document for document in cli.done("list").documents)
    assert versions("--type", "code") == []
    cli.done("update", "acme/tiny@1.2.0", "--status", "deprecated")
    assert versions("--status", "deprecated") == ["1.2.0"]


def test_update_changes_what_is_named(cli: Cli, model: Path) -> None:
    first = cli.publish(model, "--license", "MIT", "--tag", "nlp", "--description", "old")
    changed = cli.done("update", first["id"], "--description", "new", "--license", "", "--tag", "").document
    assert (changed["description"], changed["license"], changed["tags"]) == ("new", None, [])
    assert changed["revision"] == 2
    code, line = cli.failed("update", first["id"])
    assert code == 2
    assert "say what to change" in line


def test_delete_asks_and_then_it_is_gone(cli: Cli, model: Path) -> None:
    published = cli.publish(model)
    code, line = cli.failed("delete", "acme/tiny")
    assert code == 2
    assert "add --yes" in line
    assert cli.done("delete", "acme/tiny@1.0.0", "--yes").out == ""
    assert cli.failed("show", published["id"])[0] == 3


def test_relations_and_history(cli: Cli, model: Path) -> None:
    published = cli.publish(model, "--depends", "base_model:bert")
    assert [entry["action"] for entry in cli.done("audit", "acme/tiny").documents] == ["create"]
    (edge,) = cli.done("lineage", "acme/tiny").document["edges"]
    assert (edge["from"], edge["relation"]) == (published["id"], "base_model")
    assert cli.done("cost", "acme/tiny", "--dependencies").document["total_bytes"] == len(MODEL_BYTES)


def test_an_ingest_needs_no_file(cli: Cli) -> None:
    given = ("--name", "far", "--version", "1.0.0", "--type", "dataset")
    document = cli.done("publish", "--url", "https://example.org/data.csv", *given).document
    assert (document["status"], document["source_url"]) == ("pending", "https://example.org/data.csv")
    assert cli.failed("publish", *given)[0] == 2
    assert cli.failed("download", "far")[0] == 5


def test_users_are_managed(cli: Cli, visitor: Cli, registry_url: str, config_file: Path) -> None:
    added = cli.done("users", "add", "bob", "-p", "search", "--password-stdin", stdin="quite a long one\n").document
    assert (added["name"], added["permissions"]) == ("bob", ["search"])
    assert [user["name"] for user in cli.done("users", "list").documents] == [ADMIN, "bob"]
    changed = cli.done("users", "permissions", "bob", "search", "upload").document
    assert changed["permissions"] == ["search", "upload"]
    assert cli.done("users", "permissions", "bob").document["permissions"] == []
    cli.done("users", "password", "bob", "--password-stdin", stdin="another long one\n")
    assert cli.failed("users", "delete", "bob")[0] == 2
    cli.done("users", "delete", "bob", "--yes")
    assert cli.failed("users", "delete", "bob", "--yes")[0] == 3
    assert cli.failed("users", "add", "eve", "--password-stdin", stdin="short\n")[0] == 1

    own = ("users", "password", "--password-stdin")
    assert cli.failed(*own, stdin="wrong\nsomething long enough\n")[0] == 4
    cli.done(*own, stdin=f"{ADMIN_PASSWORD}\nsomething long enough\n")
    assert json.loads(config_file.read_text())["sessions"] == {}
    assert cli.failed(*own)[0] == 2


def test_health_tells_by_its_exit_code(visitor: Cli, fake: Fake) -> None:
    document = visitor.done("health").document
    assert (document["ready"], document["version"]) == (True, "0.1.0")
    fake.registry.is_ready = False
    outcome = visitor.run("health")
    assert (outcome.code, outcome.document["ready"]) == (6, False)
    assert outcome.err == f"registry: {fake.url} is not ready\n"


def test_a_draft_is_published(cli: Cli, model: Path) -> None:
    draft = cli.publish(model, "--status", "draft")
    assert draft["status"] == "draft"
    assert cli.done("show", draft["id"]).document["status"] == "draft"
