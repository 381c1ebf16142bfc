"""Private names: absent for everybody but their owners, readers and admins."""

import base64
import secrets

import httpx
import pytest

from registry.web.sessions import COOKIE
from tests.api.conftest import UserFactory
from tests.api.searching import regex_pages, wait_until_searchable
from tests.api.server import RunningServer
from tests.api.support import (
    JsonObject,
    Person,
    connect,
    eventually,
    ids,
    invalid,
    listed,
    log_in,
    metadata,
    pages,
    problem,
    publish,
    send_package,
    unique,
)


def make_private(owner: Person, name: str, *readers: str) -> JsonObject:
    body = {"visibility": "private", "readers": list(readers)}
    answer = owner.client.put(f"/names/model/{name}/visibility", json=body)
    assert answer.status_code == 200, answer.text
    document: JsonObject = answer.json()
    return document


@pytest.fixture(scope="session")
def reader(make_user: UserFactory) -> Person:
    return make_user("search", "download", "upload")


def test_a_private_name_leaves_no_trace(publisher: Person, stranger: Person, reader: Person, admin: Person) -> None:
    name, tag = unique("Secret"), unique("tag")
    package = publish(publisher.client, name=name, tags=[tag], readme=f"# {name}")
    user = publish(publisher.client, tags=[tag], dependencies=[{"relation": "base_model", "name": name}])
    assert make_private(publisher, name, reader.name)["visibility"] == "private"
    later = publish(publisher.client, name=name, version="2.0.0", tags=[tag], description=tag)
    path = f"/package/{package['id']}"

    for person in (publisher, reader, admin):
        assert person.client.get(path).status_code == 200
        assert person.client.get(f"/names/model/{name}").status_code == 200
        assert ids(listed(person.client, tag=tag)) == [later["id"], user["id"], package["id"]]
        found = person.client.post("/package/byRegEx", json={"regex": name}).json()["items"]
        assert package["id"] in ids(found)

    for rest in ("", "/content", "/audit", "/lineage", "/cost", "/rate"):
        problem(stranger.client.get(path + rest), 404)
    problem(stranger.client.get(f"/names/model/{name}"), 404)
    problem(stranger.client.get("/packages", params={"name": name, "version": "latest"}), 404)
    assert ids(listed(stranger.client, tag=tag)) == [user["id"]]
    assert ids(listed(stranger.client, tag=tag, limit=1)) == [user["id"]]
    assert listed(stranger.client, name=name) == []
    assert stranger.client.post("/package/byRegEx", json={"regex": name}).json()["items"] == []
    words = stranger.client.get("/search", params={"q": name}).json()["items"]
    assert not {package["id"], later["id"]} & set(ids(words))
    nodes = stranger.client.get(f"/package/{user['id']}/lineage").json()["nodes"]
    assert [node["registered"] for node in nodes if node["name"] == name] == [False]
    cost = stranger.client.get(f"/package/{user['id']}/cost", params={"dependency": "true"}).json()
    assert not {package["id"], later["id"]} & {item["id"] for item in cost["items"]}
    for refused in (name, name.swapcase()):
        answer = problem(send_package(stranger.client, metadata(name=refused)), 403)
        assert package["id"] not in str(answer)
        assert refused == name or name not in str(answer)
    problem(stranger.client.delete(path), 404)


def test_a_look_alike_of_a_private_namespace_is_refused_without_its_name(publisher: Person, stranger: Person) -> None:
    space = unique("Hidden")
    publish(publisher.client, name=f"{space}/model")
    alike = metadata(name=f"{space.swapcase()}/other")
    assert problem(send_package(stranger.client, alike), 409, slug="name-too-similar")["similar_to"] == space
    make_private(publisher, f"{space}/model")
    assert space not in str(problem(send_package(stranger.client, alike), 403))


def test_a_new_rating_does_not_know_a_parent_that_became_private(publisher: Person) -> None:
    parent = publish(publisher.client)
    child = publish(publisher.client, dependencies=[{"relation": "base_model", "name": parent["name"]}])
    path = f"/package/{child['id']}/rate"

    def receipt() -> str:
        assert publisher.client.get(path, params={"wait": 30}).status_code == 200
        return publisher.client.get(f"{path}/receipt").text

    assert parent["id"] in receipt()
    make_private(publisher, parent["name"])
    assert publisher.client.post(path).status_code == 202
    eventually(lambda: parent["id"] not in receipt())


def test_a_name_becomes_public_again(publisher: Person, stranger: Person) -> None:
    package = publish(publisher.client)
    make_private(publisher, package["name"])
    problem(stranger.client.get(f"/package/{package['id']}"), 404)
    path = f"/names/model/{package['name']}/visibility"
    assert publisher.client.put(path, json={"visibility": "public"}).json()["visibility"] == "public"
    assert stranger.client.get(f"/package/{package['id']}").status_code == 200
    actions = [entry["action"] for entry in publisher.client.get(f"/package/{package['id']}/audit").json()["items"]]
    assert actions.count("visibility") == 2


def test_bad_visibilities_are_refused(publisher: Person, stranger: Person) -> None:
    package = publish(publisher.client)
    path = f"/names/model/{package['name']}/visibility"
    invalid(publisher.client.put(path, json={"visibility": "secret"}), "/visibility")
    invalid(publisher.client.put(path, json={"visibility": "private", "readers": ["nobody-of-this"]}), "/readers/0")
    problem(stranger.client.put(path, json={"visibility": "private"}), 403)


WALKS: dict[str, JsonObject] = {
    "newest first": {},
    "oldest first": {"order": "created"},
    "by name": {"order": "name"},
    "by score": {"order": "score"},
    "of a type": {"type": "model"},
    "of versions": {"version": "^1.0.0"},
}


@pytest.fixture(scope="module")
def far_apart(publisher: Person) -> tuple[str, list[str]]:
    """A tag of two public packages with so many private ones between them that they fill more than ten pages of two."""
    tag, name = unique("far").replace("-", ""), unique("m-private")
    first = publish(publisher.client, name=unique("a-public"), tags=[tag], description=tag)
    for number in range(23):
        publish(publisher.client, name=name, version=f"1.0.{number}", tags=[tag], description=tag)
    last = publish(publisher.client, name=unique("z-public"), tags=[tag], description=tag)
    make_private(publisher, name)
    for each in (first, last):  # in the order of scores, a package that is rated during a walk changes its place
        rated = publisher.client.get(f"/package/{each['id']}/rate", params={"wait": 30})
        assert rated.status_code == 200, rated.text
    return tag, [first["id"], last["id"]]


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("limit", [1, 2])
def test_a_walk_does_not_end_among_private_packages(
    stranger: Person, publisher: Person, far_apart: tuple[str, list[str]], walk: str, limit: int
) -> None:
    tag, public = far_apart
    found = list(pages(stranger.client, "/packages", tag=tag, limit=limit, **WALKS[walk]))
    assert sorted(ids([item for page in found for item in page])) == sorted(public)
    assert len(found) < 25, "pages without an item are merged"
    assert len(listed(publisher.client, tag=tag, limit=100)) == 25


@pytest.mark.parametrize("walk", WALKS)
def test_a_cursor_shows_nothing_of_the_place_where_it_leads(
    publisher: Person, far_apart: tuple[str, list[str]], walk: str
) -> None:
    """A page for others may end at a private package too: those of its owner certainly do."""
    tag, public = far_apart
    hidden = [item for item in listed(publisher.client, tag=tag, limit=100) if item["id"] not in public]
    params: JsonObject = {"tag": tag, "limit": 4, **WALKS[walk]}
    page = publisher.client.get("/packages", params=params)
    while following := page.links.get("next"):
        cursor = page.json()["next_cursor"]
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        assert not [item for item in hidden if item["id"].encode() in sealed or item["name"].encode() in sealed]
        page = publisher.client.get(following["url"])


def test_searches_do_not_end_among_private_packages(
    stranger: Person, publisher: Person, far_apart: tuple[str, list[str]]
) -> None:
    tag, public = far_apart
    wait_until_searchable(publisher.client)
    assert sorted(ids(listed(stranger.client, "/search", q=tag, limit=1))) == sorted(public)
    names = [publisher.client.get(f"/package/{each}").json()["name"] for each in public]
    regex = f"^({names[0]}|m-private-.*|{names[1]})$"
    found = [item for page in regex_pages(stranger.client, regex, limit=1) for item in page]
    assert sorted(ids(found)) == sorted(public)


def test_every_process_knows_of_a_private_name_at_once(boss: Person, reaching: RunningServer) -> None:
    """Two workers: each new connection may reach either."""
    name, password = unique("user"), secrets.token_urlsafe(12)
    user = {"name": name, "password": password, "permissions": ["search"]}
    assert boss.client.post("/users", json=user).status_code == 201
    other = log_in(reaching.url, name, password)
    other.client.close()
    package = publish(boss.client)

    def statuses() -> set[int]:
        found = set()
        for _ in range(16):
            with connect(reaching.url, other.token) as client:
                found.add(client.get(f"/package/{package['id']}").status_code)
        return found

    path = f"/names/model/{package['name']}/visibility"
    assert statuses() == {200}
    changes: tuple[tuple[JsonObject, int], ...] = (
        ({"visibility": "private"}, 404),
        ({"visibility": "private", "readers": [name]}, 200),
        ({"visibility": "private"}, 404),
        ({"visibility": "public"}, 200),
    )
    for body, expected in changes:
        assert boss.client.put(path, json=body).status_code == 200
        assert statuses() == {expected}


def test_pages_for_people_show_no_private_name(publisher: Person, stranger: Person, server: RunningServer) -> None:
    name = unique("hush")
    package = publish(publisher.client, name=name, tags=[name])
    make_private(publisher, name)

    def page(person: Person, path: str) -> httpx.Response:
        with connect(server.url) as browser:
            browser.cookies.set(COOKIE, person.token)
            return browser.get(path, follow_redirects=True)

    of_one = [f"/ui/package/{package['id']}{rest}" for rest in ("", "/files", "/safety", "/lineage", "/activity")]
    for path in (*of_one, f"/ui/packages/model/{name}"):
        assert page(publisher, path).status_code == 200, path
        assert page(stranger, path).status_code == 404, path
    for path in ("/ui", f"/ui/packages?tag={name}", f"/ui/packages?owner={publisher.name}"):
        assert f"/ui/package/{package['id']}" in page(publisher, path).text, path
        assert f"/ui/package/{package['id']}" not in page(stranger, path).text, path
