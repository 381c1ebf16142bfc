"""A real HTTP cache in front of the registry: it hits, it revalidates, and it serves nobody another's response."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from tests.api.server import server_environment, start_server
from tests.api.support import Person, connect, eventually, log_in, problem, publish, unique
from tests.engines.http_cache import HASTY, STATUS, running_cache

pytestmark = pytest.mark.engines("nginx_can_run")


@dataclass(frozen=True, slots=True)
class Cached:
    """A registry that strangers may read, and a cache in front of it. `people` by name; `nobody` has no token."""

    url: str
    cache_url: str
    people: Mapping[str, Person]

    def asked(
        self, who: str, path: str, *, directly: bool = False, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        token = self.people[who].token if who in self.people else None
        with connect(self.url if directly else self.cache_url, token) as client:
            return client.get(path, headers=headers)


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory, nginx_can_run: None) -> Iterator[Cached]:
    settings = {"REGISTRY_ANONYMOUS": "search,download"}
    server = start_server(server_environment(tmp_path_factory.mktemp("cached") / "data", **settings))
    people = {"admin": log_in(server.url, server.admin_name, server.admin_password)}
    for role in ("ann", "bob"):
        name, password = unique(role), secrets.token_urlsafe(12)
        user = {"name": name, "password": password, "permissions": ["upload", "search", "download"]}
        assert people["admin"].client.post("/users", json=user).status_code == 201
        people[role] = log_in(server.url, name, password)
    with running_cache(server.url) as cache_url:
        yield Cached(server.url, cache_url, people)
    for person in people.values():
        person.client.close()
    server.stop()


def test_what_strangers_may_read_is_served_from_the_cache(cached: Cached) -> None:
    package = publish(cached.people["ann"].client, b"bytes")
    for path in (f"/package/{package['id']}", f"/package/{package['id']}/content", "/packages?limit=1"):
        first, second = (cached.asked("nobody", path) for _ in range(2))
        assert (first.headers[STATUS], second.headers[STATUS]) == ("MISS", "HIT"), path
        assert first.content == second.content
        assert first.headers["etag"] == second.headers["etag"]
        unchanged = cached.asked("nobody", path, headers={"If-None-Match": first.headers["etag"]})
        assert (unchanged.status_code, unchanged.headers[STATUS]) == (304, "HIT")


def test_an_answer_that_expired_is_asked_for_by_its_tag(cached: Cached) -> None:
    ann = cached.people["ann"].client
    package = publish(ann, b"bytes")
    path = f"{HASTY}/package/{package['id']}"
    assert cached.asked("nobody", path).headers[STATUS] == "MISS"
    eventually(lambda: cached.asked("nobody", path).headers[STATUS] == "REVALIDATED")
    changed = ann.patch(f"/package/{package['id']}", json={"description": "changed"})
    assert changed.status_code == 200
    eventually(lambda: cached.asked("nobody", path).json()["description"] == "changed")


def test_nobody_gets_what_another_may_see(cached: Cached) -> None:
    """Each reader gets through the cache what they get without it, whoever asked before."""
    ann = cached.people["ann"].client
    public, private, draft = publish(ann, b"a"), publish(ann, b"b"), publish(ann, b"c", status="draft")
    hidden = ann.put(f"/names/model/{private['name']}/visibility", json={"visibility": "private", "readers": []})
    assert hidden.status_code == 200
    for rated in (public, private):  # `net_score` is in the document of a name
        assert ann.get(f"/package/{rated['id']}/rate", params={"wait": 30}).status_code == 200
    paths = [f"/package/{each['id']}{rest}" for each in (public, private, draft) for rest in ("", "/content", "/audit")]
    paths += ["/packages", f"/packages?name={private['name']}", f"/names/model/{private['name']}", "/whoami", "/users"]
    for path in paths:
        for who in ("ann", "nobody", "bob", "nobody", "admin", "ann", "bob"):
            through = cached.asked(who, path)
            direct = cached.asked(who, path, directly=True)
            assert through.status_code == direct.status_code, (who, path)
            if "application/problem" not in direct.headers["content-type"] and "/audit" not in path:
                assert through.content == direct.content, (who, path)
            if who != "nobody":
                assert through.headers[STATUS] != "HIT", (who, path)
                assert "public" not in through.headers["cache-control"], (who, path)
    assert cached.asked("bob", f"/package/{private['id']}").status_code == 404
    assert cached.asked("ann", f"/package/{private['id']}").status_code == 200


def test_a_bad_token_is_refused_although_the_answer_is_in_the_cache(cached: Cached) -> None:
    package = publish(cached.people["ann"].client, b"bytes")
    path = f"/package/{package['id']}"
    assert [cached.asked("nobody", path).headers[STATUS] for _ in range(2)] == ["MISS", "HIT"]
    for name in ("Authorization", "X-Authorization"):
        for _ in range(2):
            problem(cached.asked("nobody", path, headers={name: "Bearer nonsense"}), 401)
    assert cached.asked("nobody", path).headers[STATUS] == "HIT"


def test_writes_go_through_and_their_answers_are_not_kept(cached: Cached) -> None:
    with connect(cached.cache_url, cached.people["ann"].token) as client:
        package = publish(client, b"bytes")
        path = f"/package/{package['id']}"
        assert client.patch(path, json={"description": "new"}).json()["description"] == "new"
        assert client.get(path).json()["description"] == "new"
        assert client.delete(path).status_code == 204
        problem(client.get(path), 404)
    with connect(cached.cache_url) as client:
        problem(client.get(path), 404)
