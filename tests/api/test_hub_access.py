"""Who reads what through the Hugging Face endpoint, what is listed for whom, and which settings refuse."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.api.conftest import ServerFactory, UserFactory
from tests.api.searching import wait_until_searchable
from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, connect, eventually, listed, logged_in, publish, unique
from tests.api.test_hub import FILES, info, publish_files, refused, resolve
from tests.api.test_private_names import make_private
from tests.engines.redis import RedisServer

LOW_SCORE = "0.05"
HIGH_SCORE = "0.99"


def repositories(client: httpx.Client, kind: str = "models", **parameters: Any) -> list[str]:
    """All that a list says, by its links; each repository once."""
    found: list[str] = []
    answer = client.get(f"/hf/api/{kind}", params=parameters)
    while True:
        assert answer.status_code == 200, answer.text
        found += [each["id"] for each in answer.json()]
        if (following := answer.links.get("next")) is None:
            assert len(found) == len(set(found))
            return found
        answer = client.get(following["url"])


def downloads(client: httpx.Client, package: JsonObject) -> list[str | None]:
    entries = listed(client, f"/package/{package['id']}/audit")
    return [entry["user"] for entry in entries if entry["action"] == "download"]


def test_private_repositories_leave_no_trace(
    publisher: Person, stranger: Person, make_user: UserFactory, admin: Person
) -> None:
    wait_until_searchable(admin.client)
    reader, space = make_user("search", "download"), unique("space")
    name = f"{space}/secret"
    publish_files(publisher, FILES, name=name)
    commit = info(publisher, name)["sha"]
    make_private(publisher, name, reader.name)
    assert info(publisher, name)["private"]
    for person in (publisher, reader):
        assert info(person, name)["sha"] == info(person, name, commit)["sha"] == commit
        assert resolve(person, name, "config.json").status_code == 200
        assert repositories(person.client, author=space) == repositories(person.client, search=space) == [name]
    for revision in ("main", "1.0.0", commit):
        address = f"/hf/api/models/{name}/revision/{revision}"
        hidden = stranger.client.get(address)
        refused(hidden, 404, "RepoNotFound", "There is no model")
        absent = stranger.client.get(address.replace("secret", "absent"))
        assert hidden.json()["detail"].replace("secret", "absent") == absent.json()["detail"]
        refused(stranger.client.head(f"/hf/{name}/resolve/{revision}/config.json"), 404, "RepoNotFound", "no model")
    for rest in ("/refs", "/commits/main", "/tree/main", "/auth-check"):
        refused(stranger.client.get(f"/hf/api/models/{name}{rest}"), 404, "RepoNotFound", "There is no model")
    assert repositories(stranger.client, author=space) == repositories(stranger.client, search=space) == []


def test_an_api_token_sees_its_packages_only(publisher: Person, server: RunningServer) -> None:
    space = unique("space")
    inside, outside = f"{space}/model", unique("other")
    publish_files(publisher, FILES, name=inside)
    publish_files(publisher, FILES, name=outside)
    wanted = {"name": "hub", "permissions": ["search", "download"], "packages": [f"{space}/*"]}
    made = publisher.client.post("/tokens", json=wanted).json()
    with connect(server.url, made["token"]) as client:
        assert client.get(f"/hf/api/models/{inside}").status_code == 200
        refused(client.get(f"/hf/api/models/{outside}"), 404, "RepoNotFound", "There is no model")
        refused(client.head(f"/hf/{outside}/resolve/main/config.json"), 404, "RepoNotFound", "There is no model")
        who = client.get("/hf/api/whoami-v2").json()
        assert (who["name"], who["auth"]["accessToken"]) == (publisher.name, {"displayName": "hub", "role": "read"})
        assert repositories(client) == [inside]
        assert publisher.client.delete(f"/tokens/{made['id']}").status_code == 204
        refused(client.get(f"/hf/api/models/{inside}"), 401, "GatedRepo", "token")


def test_lists_hold_each_repository_once(publisher: Person, admin: Person) -> None:
    wait_until_searchable(admin.client)
    space = unique("space")
    for number in range(3):
        for version in ("1.0.0", "1.1.0"):
            tags = [f"n{number}"] if version == "1.1.0" else ["old"]
            publish_files(publisher, FILES, name=f"{space}/m{number}", version=version, tags=tags, license="MIT")
    publish_files(publisher, FILES, name=f"{space}/d", type="dataset")
    names = [f"{space}/m{number}" for number in (2, 1, 0)]
    ask = publisher.client
    assert repositories(ask, author=space) == repositories(ask, author=space, limit=1) == names
    assert repositories(ask, author=space, direction=-1, sort="lastModified") == names
    assert repositories(ask, author=space, search="M1") == [f"{space}/m1"]
    assert repositories(ask, author=space, filter=["n2", "license:mit"]) == [f"{space}/m2"]
    assert repositories(ask, author=space, filter="old") == []
    assert repositories(ask, "datasets", author=space) == [f"{space}/d"]
    assert [name for name in repositories(ask, limit=2) if name.startswith(space)] == names
    answer = ask.get("/hf/api/models", params={"sort": "size"})
    assert answer.status_code == 422
    assert "createdAt" in answer.headers["x-error-message"]
    chosen = ask.get("/hf/api/models", params={"author": space, "expand": ["sha"]}).json()[0]
    assert chosen.keys() == {"_id", "id", "sha", "registry"}


def test_many_files_of_a_commit_are_one_download(publisher: Person, stranger: Person) -> None:
    package = publish_files(publisher, {f"f{number}": b"x" for number in range(20)})
    for number in range(20):
        assert resolve(stranger, package["name"], f"f{number}").content == b"x"
        assert resolve(publisher, package["name"], f"f{number}", Range="bytes=0-0").content == b"x"
        publisher.client.head(f"/hf/{package['name']}/resolve/main/f{number}")
    eventually(lambda: len(downloads(publisher.client, package)) >= 2)
    assert sorted(map(str, downloads(publisher.client, package))) == sorted([publisher.name, stranger.name])


def test_write_access_is_for_owners(publisher: Person, stranger: Person) -> None:
    name = publish_files(publisher, FILES)["name"]
    for person in (publisher, stranger):
        assert person.client.get(f"/hf/api/models/{name}/auth-check").status_code == 200
    assert publisher.client.get(f"/hf/api/models/{name}/auth-check/write").status_code == 200
    refused(stranger.client.get(f"/hf/api/models/{name}/auth-check/write"), 403, "GatedRepo", "owners")


def test_readers_without_a_token_where_they_may(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend, REGISTRY_ANONYMOUS="search,download")
    with connect(server.url) as nobody, logged_in(server.url, server.admin_name, server.admin_password) as admin:
        package = publish_files(admin, FILES)
        assert nobody.get(f"/hf/api/models/{package['name']}").status_code == 200
        answer = nobody.get(f"/hf/{package['name']}/resolve/main/config.json", follow_redirects=True)
        assert answer.content == FILES["bert/config.json"]
        refused(nobody.get("/hf/api/whoami-v2"), 401, "GatedRepo", "token")
        eventually(lambda: downloads(admin.client, package) == [None])
        bad = nobody.get(f"/hf/api/models/{package['name']}", headers={"Authorization": "Bearer bad"})
        refused(bad, 401, "GatedRepo", "token")


@pytest.fixture
def without_worker(redis_server: RedisServer) -> Mapping[str, str]:
    """Settings of a server that leaves scans and ratings to workers, of which there are none."""
    return {"REGISTRY_CACHE": "redis", "REGISTRY_JOBS": "redis", "REGISTRY_REDIS_URL": redis_server.url}


def test_what_is_not_scanned_or_rated_yet_is_refused(start: ServerFactory, without_worker: Mapping[str, str]) -> None:
    server = start(**without_worker, REGISTRY_REQUIRE_SCAN="true", REGISTRY_MIN_SERVE_SCORE=LOW_SCORE)
    reader = {"name": "reader", "password": "correct horse battery", "permissions": ["search", "download"]}
    with logged_in(server.url, server.admin_name, server.admin_password) as admin:
        assert admin.client.post("/users", json=reader).status_code == 201
        package = publish_files(admin, FILES)
        with logged_in(server.url, "reader", "correct horse battery") as person:
            answer = person.client.head(f"/hf/{package['name']}/resolve/main/config.json")
            refused(answer, 403, "GatedRepo", "not been scanned yet")
            assert int(answer.headers["retry-after"]) >= 1
        # Its owner need not wait for the verdict, but for the score.
        refused(admin.client.get(f"/hf/api/models/{package['name']}"), 403, "GatedRepo", "no net score yet")


@pytest.mark.parametrize("lowest", [LOW_SCORE, HIGH_SCORE])
def test_the_lower_bound_of_the_net_score_decides(start: ServerFactory, lowest: str) -> None:
    server = start(REGISTRY_MIN_SERVE_SCORE=lowest)
    with logged_in(server.url, server.admin_name, server.admin_password) as admin:
        package = publish(admin.client, b"x", license="MIT", readme="# Model\n\nUse it.\n", name="acme/model")
        rating = admin.client.get(f"/package/{package['id']}/rate", params={"wait": 30}).json()
        low, high = admin.client.get(f"/package/{package['id']}?include=rating").json()["rating"]["net_score_range"]
        assert float(LOW_SCORE) <= low < float(HIGH_SCORE), rating
        answer = admin.client.get("/hf/api/models/acme/model")
        if lowest == LOW_SCORE:
            assert answer.status_code == 200
            assert answer.json()["registry"]["range"] == [low, high]
        else:
            refused(answer, 403, "GatedRepo", f"between {low:g} and {high:g}")
            refused(admin.client.head("/hf/acme/model/resolve/main/file.bin"), 403, "GatedRepo", lowest)
            # Other downloads have a policy of their own.
            assert admin.client.get(f"/package/{package['id']}/content").status_code == 200
