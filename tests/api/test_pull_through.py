"""REGISTRY_PULL_THROUGH: what is not here is fetched from the Hub, of which another registry plays the part."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from tests.api.conftest import ServerFactory
from tests.api.pickles import dangerous
from tests.api.server import RunningServer
from tests.api.support import Person, connect, eventually, listed, log_in, publish
from tests.api.test_hub import CONFIG, FILES, info, publish_files, refused, resolve

READY = 200


@dataclass(frozen=True, slots=True)
class World:
    """The Hub with its owner, and a registry of two processes with its admin."""

    hub: RunningServer
    owner: Person
    server: RunningServer
    admin: Person

    def ask(self, name: str, revision: str = "main") -> httpx.Response:
        with connect(self.server.url, self.admin.token) as client:
            return client.get(f"/hf/api/models/{name}/revision/{revision}")

    def ready(self, name: str, revision: str = "main") -> httpx.Response:
        """The answer once it is another than that it is being fetched."""
        answers: list[httpx.Response] = []

        def is_ready() -> bool:
            answers.append(self.ask(name, revision))
            return not answers[-1].text.count("being-fetched")

        eventually(is_ready, timeout_seconds=120)
        return answers[-1]


@pytest.fixture
def world(start: ServerFactory, backend: Mapping[str, str]) -> Iterator[World]:
    hub = start(REGISTRY_ANONYMOUS="search,download")
    settings = {
        "REGISTRY_PULL_THROUGH": "true",
        "REGISTRY_HUGGINGFACE_URL": f"{hub.url}/hf",
        "REGISTRY_ALLOW_PRIVATE_TARGETS": "true",
        # No worker runs here: the server itself rates.
        "REGISTRY_JOBS": "local",
    }
    server = start(**{**backend, **settings}, workers=2)
    owner = log_in(hub.url, hub.admin_name, hub.admin_password)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with owner.client, admin.client:
        yield World(hub, owner, server, admin)


def test_what_is_not_here_is_fetched_once(world: World) -> None:
    publish_files(world.owner, FILES, name="acme/bert", license="MIT")
    upstream = info(world.owner, "acme/bert")["sha"]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(world.ready, ["acme/bert"] * 4, ["main", "main", upstream, "1.0.0"]))
    for answer in answers:
        assert answer.status_code == READY, answer.text
    assert len({answer.json()["sha"] for answer in answers}) == 1
    found = answers[0].json()
    assert [each["rfilename"] for each in found["siblings"]] == ["config.json", "sub/a b+%.txt", "sub/deep/x"]
    assert found["registry"]["net_score"] is not None
    assert found["registry"]["safety"] == "clean"
    packages = listed(world.admin.client, name="acme/bert")
    assert [package["source_url"] for package in packages] == [f"https://huggingface.co/acme/bert/tree/{upstream}"]

    world.hub.stop()
    # What was fetched stays, by the Hub's commit too.
    assert resolve(world.admin, "acme/bert", "config.json").content == CONFIG
    assert world.ask("acme/bert", upstream).json()["sha"] == found["sha"]
    # What failed is never called absent.
    answer = world.ask("acme/other")
    assert answer.status_code == 502, answer.text


def test_what_is_refused_and_what_is_left_alone(world: World) -> None:
    # The Hub serves what this registry would not.
    bad = publish(world.owner.client, dangerous(), filename="model.pkl", name="others/bad")
    eventually(lambda: world.owner.client.get(f"/package/{bad['id']}").json()["status"] == "quarantined")
    assert world.owner.client.patch(f"/package/{bad['id']}", json={"status": "active"}).status_code == READY
    refused(world.ready("others/bad"), 403, "GatedRepo", "quarantined")
    # What the Hub does not have is missing.
    refused(world.ask("others/absent"), 404, "RepoNotFound", "There is no model")
    publish_files(world.owner, FILES, name="others/bert")
    refused(world.ask("others/bert", "9.9.9"), 404, "RepoNotFound", "There is no model")
    # Names and namespaces that are owned here are nobody else's.
    for name in ("acme/own", "acme/other"):
        publish_files(world.owner, FILES, name=name, version="2.0.0")
    publish(world.admin.client, name="acme/own")
    refused(world.ask("acme/own", "2.0.0"), 404, "RevisionNotFound", "no revision")
    refused(world.ask("acme/other"), 404, "RepoNotFound", "There is no model")
