"""The commands about names and tokens, and the client's methods under them, against a real server."""

from pathlib import Path
from typing import Any

import pytest

from registry.client import Conflict, NotAllowed, NotFound, NotSignedIn, PreconditionFailed, RegistryClient
from tests.api.server import RunningServer
from tests.api.support import Person, publish, unique
from tests.clients.commands import Cli


def signed_in(server: RunningServer, token: str) -> Cli:
    cli = Cli(server.url)
    cli.environment["REGISTRY_TOKEN"] = token
    return cli


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def cli(server: RunningServer, publisher: Person) -> Cli:
    return signed_in(server, publisher.token)


@pytest.fixture
def name() -> str:
    return unique("space") + "/bert"


def versions(cli: Cli, name: str) -> list[tuple[str, str]]:
    return [(each["version"], each["status"]) for each in cli.done("versions", name).documents]


def test_a_name_is_shown_with_its_versions(cli: Cli, publisher: Person, name: str) -> None:
    for version in ("1.0.0", "2.0.0-rc.1"):
        publish(publisher.client, name=name, version=version, type="dataset")
    shown = cli.done("names", "show", name, "--type", "dataset").document
    assert (shown["name"], shown["owners"], shown["latest"]["version"]) == (name, [publisher.name], "1.0.0")
    listed = cli.done("versions", name, "--type", "dataset").documents
    assert [each["version"] for each in listed] == ["2.0.0-rc.1", "1.0.0"]
    without_type = cli.done("versions", name).documents
    assert [each["id"] for each in without_type] == [each["id"] for each in listed], "the one type that has the name"
    for words in (("names", "show", name), ("versions", name), ("owners", name)):
        assert cli.failed(*words, "--type", "model")[0] == 3, "there is no model of that name"


def test_owners_are_added_and_removed(
    cli: Cli, server: RunningServer, publisher: Person, stranger: Person, name: str
) -> None:
    publish(publisher.client, name=name)
    other = signed_in(server, stranger.token)
    assert other.failed("owners", name, "--add", stranger.name)[0] == 4
    assert cli.done("owners", name).document["owners"] == [publisher.name]
    assert cli.failed("owners", name, "--remove", publisher.name)[0] == 5
    assert cli.failed("owners", name, "--add", "nobody-of-this-name")[0] == 1
    added = cli.done("owners", name, "--add", stranger.name).document
    assert added["owners"] == [publisher.name, stranger.name]
    assert other.done("owners", name, "--remove", publisher.name).document["owners"] == [stranger.name]
    assert cli.failed("owners", name, "--add", publisher.name)[0] == 4


def test_aliases_are_set_and_unset(cli: Cli, publisher: Person, name: str) -> None:
    first, second = (publish(publisher.client, name=name, version=version) for version in ("1.0.0", "2.0.0"))
    assert cli.done("alias", "set", name, "prod", "1.0.0").document["id"] == first["id"]
    assert cli.done("show", f"{name}@prod").document["id"] == first["id"]
    assert cli.done("alias", "set", name, "prod", "latest").document["version"] == "2.0.0"
    assert cli.done("show", f"{name}@prod").document["id"] == second["id"]
    assert cli.failed("alias", "set", name, "prod", "7.0.0")[0] == 3
    assert cli.failed("alias", "set", name, "latest", "1.0.0")[0] == 1
    assert cli.run("alias", "unset", name, "prod").code == 0
    assert cli.failed("alias", "unset", name, "prod")[0] == 3
    assert cli.failed("show", f"{name}@prod")[0] == 3


def test_drafts_are_released_with_an_alias(cli: Cli, publisher: Person, name: str) -> None:
    drafts = [
        publish(publisher.client, name=name, version=version, status="draft")["id"] for version in ("1.0.0", "2.0.0")
    ]
    assert versions(cli, name) == [("2.0.0", "draft"), ("1.0.0", "draft")]
    move = ("--alias", f"model/{name}:prod=2.0.0")
    assert cli.done("release", *drafts, *move, "--dry-run").document == {"possible": True, "reasons": {}}
    wrong = cli.done("release", *drafts, "--alias", f"model/{name}:prod=9.0.0", "--dry-run").document
    assert (wrong["possible"], list(wrong["reasons"])) == (False, [f"model/{name}"])
    assert versions(cli, name) == [("2.0.0", "draft"), ("1.0.0", "draft")]
    released = cli.done("release", *drafts, *move).document
    assert [package["id"] for package in released["packages"]] == drafts
    assert released["aliases"] == {f"model/{name}": {"prod": "2.0.0"}}
    assert versions(cli, name) == [("2.0.0", "active"), ("1.0.0", "active")]
    assert cli.failed("release", *drafts)[0] == 5
    assert cli.failed("release", *drafts, "--alias", "nonsense")[0] == 2


def test_tokens_are_made_used_listed_and_revoked(cli: Cli, server: RunningServer, publisher: Person, name: str) -> None:
    publish(publisher.client, name=name)
    words = ("tokens", "create", "ci", "-p", "search", "--packages", f"{name}*", "--expires-in", "1h", "--json")
    made = cli.done(*words).document
    program = signed_in(server, made["token"])
    identity = program.done("whoami").document
    assert (identity["name"], identity["permissions"]) == (publisher.name, ["search"])
    assert (identity["token"]["kind"], identity["token"]["packages"]) == ("api", [f"{name}*"])
    assert program.done("names", "show", name).document["name"] == name
    assert program.failed("tokens", "list")[0] == 4
    assert made["id"] in [token["id"] for token in cli.done("tokens", "list").documents]
    assert cli.run("tokens", "revoke", made["id"]).code == 0
    assert program.failed("whoami")[0] == 4
    assert made["id"] not in [token["id"] for token in cli.run("tokens", "list").documents]
    assert cli.done("whoami").document["token"]["kind"] == "session"


async def test_the_methods_of_the_client(server: RunningServer, publisher: Person, stranger: Person, name: str) -> None:
    draft = publish(publisher.client, name=name, version="1.0.0", status="draft")["id"]
    async with (
        RegistryClient(server.url, publisher.token) as client,
        RegistryClient(server.url, stranger.token) as other,
    ):
        with pytest.raises(NotFound):
            await other.names.get("model", name)
        assert (await client.names.release([draft], dry_run=True)).possible
        aliases: dict[str, Any] = {f"model/{name}": {"prod": "1.0.0"}}
        assert (await client.names.release([draft], aliases=aliases)).aliases == aliases
        found = await other.names.get("model", name)
        assert (found.owners, found.latest, found.aliases) == ((publisher.name,), "1.0.0", {"prod": "1.0.0"})
        with pytest.raises(NotAllowed):
            await other.names.set_owners("model", name, [stranger.name])
        moved = await client.names.set_alias("model", name, "next", "1.0.0", etag=found.etag)
        assert (moved.version, moved.id) == ("1.0.0", draft)
        with pytest.raises(PreconditionFailed):  # it has changed since it was read
            await client.names.unset_alias("model", name, "next", etag=found.etag)
        await client.names.unset_alias("model", name, "next")
        assert (await client.names.set_owners("model", name, [publisher.name])).owners == (publisher.name,)
        with pytest.raises(Conflict):
            await client.names.set_owners("model", name, [])
        made = await client.tokens.create("ci", ["search"])
        assert made.token is not None
        async with RegistryClient(server.url, made.token) as program:
            assert (await program.whoami()).kind == "api"
            await client.tokens.revoke(made.id)
            with pytest.raises(NotSignedIn):
                await program.whoami()
