"""API tokens by the client and by the commands, and where the command line finds one."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry.client import NotFound, NotSignedIn, RegistryClient
from tests.clients.commands import Cli
from tests.clients.conftest import Fake
from tests.clients.fake_registry import ADMIN


async def test_the_client_makes_and_ends_tokens(client: RegistryClient, fake: Fake) -> None:
    made = await client.tokens.create("ci", ["search"], packages=["acme/*"], expires_in_seconds=60)
    assert made.token is not None
    assert made.token not in repr(made)
    assert made.expires_at is not None
    assert (made.expires_at - made.created_at).total_seconds() == 60
    other = await client.tokens.create("notebook", ["search", "download"])
    assert (other.packages, other.expires_at) == (("*",), None)
    assert [token.name async for token in client.tokens.list_all(page_size=1)] == ["notebook", "ci"]

    async with RegistryClient(fake.url, made.token) as program:
        identity = await program.whoami()
        assert (identity.kind, identity.packages, identity.permissions) == ("api", ("acme/*",), ("search",))
        await client.tokens.revoke(made.id)
        with pytest.raises(NotSignedIn):
            await program.whoami()
    with pytest.raises(NotFound):
        await client.tokens.revoke(made.id)


def test_the_commands(cli: Cli) -> None:
    words = ("tokens", "create", "ci", "-p", "upload", "-p", "search")
    made = cli.done(*words, "--packages", "acme/*", "--expires-in", "2h", "--json").document
    assert (made["permissions"], made["packages"]) == (["upload", "search"], ["acme/*"])
    text = cli.done(*words).out
    assert text.startswith("reg_")
    assert text.count("\n") == 1
    assert [token["packages"] for token in cli.done("tokens", "list").documents] == [["*"], ["acme/*"]]
    for wrong in ("0", "soon", "-1", "1w"):
        assert cli.failed(*words, "--expires-in", wrong)[0] == 2

    by_environment = Cli(str(cli.environment["REGISTRY_SERVER"]))
    by_environment.environment["REGISTRY_TOKEN"] = made["token"]
    assert by_environment.done("whoami").document["token"]["name"] == "ci"
    cli.done("tokens", "revoke", made["id"])
    assert by_environment.failed("whoami")[0] == 4
    assert cli.failed("tokens", "revoke", made["id"])[0] == 3


@pytest.fixture
def token(fake: Fake) -> str:
    fake.registry.tokens["made-elsewhere"] = ADMIN
    return "made-elsewhere"


def test_a_token_in_netrc(visitor: Cli, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(file))
    assert visitor.failed("whoami")[0] == 4
    file.write_text(f"machine elsewhere login x password wrong\nmachine 127.0.0.1 login __token__ password {token}\n")
    file.chmod(0o600)
    assert visitor.done("whoami").document["name"] == ADMIN
    file.write_text("nonsense\n")
    assert "cannot be used" in visitor.failed("whoami")[1]


def test_a_token_in_the_keyring(visitor: Cli, fake: Fake, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {("registry", fake.url): token}
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda *of: kept.get(of)))
    assert visitor.done("whoami").document["name"] == ADMIN

    def locked(*_: str) -> str:
        raise RuntimeError("locked")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=locked))
    assert visitor.failed("whoami")[0] == 4


def test_own_login_comes_before_what_others_keep(cli: Cli, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=lambda *_: "another"))
    assert cli.done("whoami").document["token"]["kind"] == "session"
