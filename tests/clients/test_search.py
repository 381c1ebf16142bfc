"""Searching with the client and by `registry search`."""

import pytest

from registry.client import FoundPackage, InvalidRequest, Match, RegistryClient, first
from tests.clients.commands import Cli
from tests.clients.conftest import Fake
from tests.clients.fake_registry import ADMIN
from tests.clients.served import Fault, problem


@pytest.fixture
def models(fake: Fake) -> list[str]:
    """Ids of five packages, the oldest first."""
    described = [
        {"name": f"acme/bert-{number}", "version": "1.0.0", "type": "model", "tags": ["even"] * (number % 2 == 0)}
        for number in range(5)
    ]
    described[3] |= {"readme": "# Three\n\nA sentence model, a sentence machine.", "type": "code"}
    return [fake.registry.store(ADMIN, members, None, filename="").id for members in described]


async def test_words_find_packages_with_their_match(client: RegistryClient, models: list[str]) -> None:
    (found,) = [item async for item in client.search("sentence model", type="code")]
    assert isinstance(found, FoundPackage)
    assert found.package.id == models[3]
    assert found.match == Match("# Three\n\nA sentence model, a sentence machine.", ((11, 19), (29, 37)), 1.5, False)  # noqa: FBT003
    assert found.document["match"]["score"] == 1.5
    assert [item async for item in client.search("sentence", type="model")] == []


async def test_patterns_find_packages_page_by_page(client: RegistryClient, models: list[str], fake: Fake) -> None:
    found = [package.id async for package in client.search_regex("bert-[0-9]$", page_size=2)]
    assert found == models[::-1]
    assert len(fake.server.seen("POST", "/byRegEx")) == 3
    assert [package.id async for package in client.search_regex("machine", fields=["name"])] == []
    tagged = client.search_regex("^acme", tag="even", type="model", status="pending")
    assert [package.id async for package in tagged] == [models[4], models[2], models[0]]
    assert [package.id async for package in first(client.search_regex(""), 1)] == models[:-2:-1]


async def test_a_wrong_pattern_is_an_invalid_request(client: RegistryClient) -> None:
    with pytest.raises(InvalidRequest, match="regex"):
        await anext(client.search_regex("a(b"))


async def test_a_search_is_asked_again_while_the_index_is_built(
    client: RegistryClient, models: list[str], fake: Fake
) -> None:
    fake.server.faults.append(Fault("POST", "/byRegEx", reply=problem(503, "unavailable")))
    assert [package.id async for package in client.search_regex("bert-0")] == models[:1]
    assert len(fake.server.seen("POST", "/byRegEx")) == 2


async def test_packages_of_an_owner(client: RegistryClient, models: list[str]) -> None:
    assert [package.id async for package in client.packages(owner=ADMIN, status="pending")] == models[::-1]
    assert [package async for package in client.packages(owner="nobody", status="pending")] == []


def test_the_command_prints_documents_to_pipes(cli: Cli, models: list[str]) -> None:
    assert cli.done("search", "sentence", "machine").document["match"]["snippet"]["highlights"]
    assert [found["id"] for found in cli.done("search", "--regex", "bert", "--limit", "2").documents] == models[:2:-1]
    assert cli.done("search", "--regex", "sentence", "--in", "name").out == ""


@pytest.mark.parametrize("arguments", [(), ("word", "--regex", "x"), ("word", "--in", "name")])
def test_the_command_wants_words_or_a_pattern(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli.failed("search", *arguments)[0] == 2
    assert cli.failed("search", "--regex", "a(b")[0] == 1
