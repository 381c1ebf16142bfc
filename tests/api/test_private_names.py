"""Private names: absent for everybody but their owners, readers and admins."""

import pytest

from tests.api.conftest import UserFactory
from tests.api.support import JsonObject, Person, ids, invalid, listed, metadata, problem, publish, send_package, unique


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
    later = publish(publisher.client, name=name, version="2.0.0", tags=[tag])
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
