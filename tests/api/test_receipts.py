"""Receipts of many packages, taken from a server by HTTP: all compute again to the bit, no changed byte passes."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from registry.adapters.ed25519 import verify
from registry.domain.errors import InvalidInput
from registry.domain.receipt_keys import read_keys
from registry.rating.recompute import Verifier, recompute
from tests.api.server import server_environment, start_server
from tests.api.support import JsonObject, json_package, log_in
from tests.api.upstreams import settings_for, upstreams_beside
from tests.clients.commands import Cli
from tests.rating.factories import CARD_PIECES
from tests.unit.archives import make_zip

PACKAGES = 500
AT_ONCE = 8
LICENSES = (None, "MIT", "Apache-2.0", "GPL-3.0-only OR MIT", "CC-BY-NC-4.0", "LicenseRef-llama3")
SOURCES = (*[None] * 14, "https://huggingface.co/org/tiny", "https://huggingface.co/org/gone")
MEMBERS = ("model.safetensors", "pytorch_model.bin", "README.md", "tests/test_a.py", "a.py", ".github/workflows/ci.yml")


@dataclass(frozen=True)
class Rated:
    package: JsonObject
    rating: JsonObject
    receipt: bytes


def varied_package(number: int) -> JsonObject:
    """A package that differs with its number: its type, card, license, source, parents and content."""
    of = random.Random(number)  # noqa: S311 - test data
    content = of.randbytes(of.randrange(1, 2_000))
    if number % 20 == 0:
        members = {name: of.randbytes(of.randrange(200)) for name in MEMBERS if of.random() < 0.5}
        content = make_zip({**members, "b.py": b"import os\n" * of.randrange(3)})
    return json_package(
        content,
        name=f"varied-{number}",
        type=of.choice(("model", "dataset", "code")),
        license=of.choice(LICENSES),
        source_url=of.choice(SOURCES),
        readme="".join(of.choice(CARD_PIECES) for _ in range(of.randrange(9))).replace("\0", ""),
        dependencies=[{"relation": "base_model", "name": f"varied-{of.randrange(PACKAGES)}"}] if number % 3 else [],
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Rated], str]:
    with upstreams_beside() as upstreams:
        environment = server_environment(tmp_path_factory.mktemp("receipts") / "data", **settings_for(upstreams))
        server = start_server(environment)
        with log_in(server.url, server.admin_name, server.admin_password).client as client:

            def publish_and_rate(number: int) -> Rated:
                answer = client.post("/package", json=varied_package(number))
                assert answer.status_code == httpx.codes.CREATED, answer.text
                path = f"/package/{answer.json()['id']}/rate"
                rating = client.get(path, params={"wait": 30})
                assert rating.status_code == httpx.codes.OK, rating.text
                return Rated(answer.json(), rating.json(), client.get(f"{path}/receipt").content)

            with ThreadPoolExecutor(AT_ONCE) as threads:
                found = list(threads.map(publish_and_rate, range(PACKAGES)))
            keys = client.get("/receipts/keys", headers={"Authorization": ""})
            assert keys.status_code == httpx.codes.OK, keys.text
        server.stop()
    return found, keys.text


@pytest.fixture(scope="module")
def rated(served: tuple[list[Rated], str]) -> list[Rated]:
    return served[0]


@pytest.fixture(scope="module")
def verifier(served: tuple[list[Rated], str]) -> Verifier:
    return Verifier(read_keys(served[1]), verify)


def test_every_receipt_gives_the_rating_that_was_served(served: tuple[list[Rated], str], tmp_path: Path) -> None:
    rated, keys = served
    (tmp_path / "keys.jwk").write_text(keys)
    receipts = [tmp_path / f"{each.package['id']}.json" for each in rated]
    for path, each in zip(receipts, rated, strict=True):
        path.write_bytes(each.receipt)
    command = ("recompute", "--key", str(tmp_path / "keys.jwk"), *map(str, receipts))
    recomputed = Cli("http://nobody.invalid").done(*command).documents
    assert recomputed == [each.rating for each in rated]
    assert len({each.rating["net_score"] for each in rated}) > PACKAGES / 5  # the packages do vary


def test_a_changed_byte_is_noticed_wherever_it_is(rated: list[Rated], verifier: Verifier) -> None:
    of = random.Random(0)  # noqa: S311 - test data
    for each in rated:
        evidence = each.receipt.index(b'"evidence":'), each.receipt.index(b'"form":')
        for place in (of.randrange(*evidence), of.randrange(len(each.receipt))):
            changed = bytearray(each.receipt)
            changed[place] ^= of.randrange(1, 256)
            with pytest.raises(InvalidInput):
                recompute(bytes(changed), verifier)


def test_a_changed_score_is_noticed_by_the_command(rated: list[Rated], tmp_path: Path) -> None:
    members = json.loads(rated[0].receipt)
    low = str(members["rating"]["net_score_range"][0]).encode()
    path = tmp_path / "receipt.json"
    path.write_bytes(rated[0].receipt.replace(low, b"0.99", 1))
    code, line = Cli("http://nobody.invalid").failed("recompute", str(path))
    assert (code, "is not what its digest was made of" in line) == (7, True)
