"""Names: owners, namespaces, look-alikes, versions that keep their bytes, latest, aliases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.conftest import UserFactory
from tests.api.support import JsonObject, Person, ids, invalid, listed, metadata, problem, publish, send_package, unique


def read(person: Person, name: str, kind: str = "model") -> JsonObject:
    answer = person.client.get(f"/names/{kind}/{name}")
    assert answer.status_code == 200, answer.text
    document: JsonObject = answer.json()
    return document


def tag(person: Person, name: str) -> str:
    return str(person.client.get(f"/names/model/{name}").headers["etag"])


def put(person: Person, path: str, body: Any, **headers: str) -> httpx.Response:
    return person.client.put(path, json=body, headers=headers)


def delete(person: Person, package: JsonObject) -> None:
    assert person.client.delete(f"/package/{package['id']}").status_code == 204


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def name(publisher: Person) -> str:
    return unique("space") + "/bert"


def test_a_name_as_it_is_read(publisher: Person, stranger: Person, name: str) -> None:
    old = publish(publisher.client, name=name, version="1.0.0")
    new = publish(publisher.client, name=name, version="2.0.0-rc.1")
    for person in (publisher, stranger):
        document = read(person, name)
        for version in document["versions"]:
            net_score = version.pop("net_score")
            low, high = version.pop("net_score_range") or (0, 1)
            assert net_score is None or 0 <= low <= net_score <= high <= 1
        assert document == {
            "type": "model",
            "name": name,
            "visibility": "public",
            "owners": [publisher.name],
            "latest": {"id": old["id"], "version": "1.0.0"},
            "versions": [
                {"id": each["id"], "version": each["version"], "status": "active", "created_at": each["created_at"]}
                for each in (new, old)
            ],
            "next_cursor": None,
            "aliases": {},
            "downloads": 0,
        }


@pytest.mark.parametrize("path", ["/names/model/no-such-name", "/names/model/a/b/c", "/namespaces/no-such-space"])
def test_unknown_names_are_404(publisher: Person, path: str) -> None:
    problem(publisher.client.get(path), 404)


def test_unknown_type_is_422(publisher: Person) -> None:
    problem(publisher.client.get("/names/thing/bert"), 422)


def test_versions_come_in_pages(publisher: Person, name: str) -> None:
    published = [publish(publisher.client, name=name, version=f"1.0.{number}")["id"] for number in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = publisher.client.get(f"/names/model/{name}", params=query).json()
        seen += [version["id"] for version in answer["versions"]]
        if answer["next_cursor"] is None:
            break
        query["cursor"] = answer["next_cursor"]
    assert seen == published[::-1]


def test_etag_changes_with_the_name_and_not_with_ratings_or_downloads(publisher: Person, name: str) -> None:
    package = publish(publisher.client, name=name)
    first = tag(publisher, name)
    publisher.client.get(package["content"]["url"], follow_redirects=True)
    publisher.client.get(f"/package/{package['id']}/rate", params={"wait": 30})
    assert tag(publisher, name) == first
    unchanged = publisher.client.get(f"/names/model/{name}", headers={"If-None-Match": first})
    assert unchanged.status_code == 304
    publisher.client.patch(f"/package/{package['id']}", json={"status": "deprecated"})
    second = tag(publisher, name)
    publish(publisher.client, name=name, version="3.0.0")
    third = tag(publisher, name)
    put(publisher, f"/names/model/{name}/aliases/prod", {"version": "3.0.0"})
    assert len({first, second, third, tag(publisher, name)}) == 4


def test_downloads_are_counted(publisher: Person, name: str) -> None:
    package = publish(publisher.client, name=name)
    for _ in range(2):
        assert publisher.client.get(package["content"]["url"], follow_redirects=True).status_code == 200
    assert read(publisher, name)["downloads"] == 2


# Takeovers


def test_others_publish_no_version_and_change_none(publisher: Person, stranger: Person, name: str) -> None:
    package = publish(publisher.client, name=name, version="1.0.0")
    path = f"/package/{package['id']}"
    problem(send_package(stranger.client, metadata(name=name, version="1.0.0")), 409, slug="package-exists")
    problem(send_package(stranger.client, metadata(name=name, version="9.0.0")), 403)
    problem(stranger.client.patch(path, json={"version": "2.0.0"}), 403)
    problem(stranger.client.put(path, json=metadata(name=name)), 403)
    problem(stranger.client.delete(path), 403)
    assert read(stranger, name)["latest"]["id"] == package["id"]


def test_namespace_is_not_squatted(publisher: Person, stranger: Person, name: str) -> None:
    publish(publisher.client, name=name)
    space = name.partition("/")[0]
    for kind in ("model", "dataset", "code"):
        problem(send_package(stranger.client, metadata(name=f"{space}/other", type=kind)), 403)
    problem(send_package(stranger.client, metadata(name=f"{space.upper()}/other")), 409, slug="name-too-similar")
    publish(stranger.client, name=space)
    assert publisher.client.get(f"/namespaces/{space}").json() == {"name": space, "owners": [publisher.name]}


@pytest.mark.parametrize(
    "alike", [str.upper, lambda name: name.replace("-", "_"), lambda name: name.replace("-", ".-")]
)
def test_look_alikes_are_refused(
    publisher: Person, stranger: Person, admin: Person, alike: Callable[[str], str]
) -> None:
    name = unique("look-alike")
    publish(publisher.client, name=name)
    refused = problem(send_package(stranger.client, metadata(name=alike(name))), 409, slug="name-too-similar")
    assert refused["similar_to"] == name
    assert listed(stranger.client, name=alike(name)) == []
    publish(admin.client, name=alike(name))
    assert read(stranger, alike(name))["owners"] == [admin.name]


def test_of_concurrent_first_publishers_one_owns_the_name(make_user: UserFactory, admin: Person) -> None:
    name = unique("wanted")
    people = [make_user("upload", "search") for _ in range(4)]

    def attempt(number: int) -> int:
        described = metadata(name=name, version=f"1.0.{number}")
        return send_package(people[number % 4].client, described).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(attempt, range(24)))
    (owner,) = read(admin, name)["owners"]
    expected = [201 if people[number % 4].name == owner else 403 for number in range(24)]
    assert statuses == expected


def test_deleted_name_stays_with_its_owner(publisher: Person, stranger: Person, name: str) -> None:
    delete(publisher, publish(publisher.client, name=name))
    document = read(stranger, name)
    assert (document["owners"], document["latest"], document["versions"]) == ([publisher.name], None, [])
    problem(send_package(stranger.client, metadata(name=name, version="5.0.0")), 403)


def test_a_draft_reserves_its_name(publisher: Person, stranger: Person, name: str) -> None:
    publish(publisher.client, name=name, version="1.0.0", status="draft")
    for status in ("active", "draft"):
        refused = send_package(stranger.client, metadata(name=name, version="2.0.0", status=status))
        problem(refused, 403)
    space = name.partition("/")[0]
    problem(send_package(stranger.client, metadata(name=f"{space}/other")), 403)
    problem(stranger.client.get(f"/names/model/{name}"), 404)
    assert read(publisher, name)["owners"] == [publisher.name]


def test_upload_that_began_before_the_name_was_taken(publisher: Person, stranger: Person, name: str) -> None:
    described = metadata(name=name, version="9.0.0")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of b"x"
    begun = stranger.client.post("/uploads", json={"metadata": described, "size": 1, "sha256": digest})
    assert begun.status_code == 201, begun.text
    part = begun.json()["parts"][0]["url"]
    publish(publisher.client, name=name, version="1.0.0")
    if part.startswith("/"):
        assert stranger.client.put(part, content=b"x").status_code == 204
    else:
        assert httpx.put(part, content=b"x").status_code in (200, 204)
    problem(stranger.client.post(f"/uploads/{begun.json()['id']}/complete"), 403)
    problem(stranger.client.post("/uploads", json={"metadata": described, "size": 1, "sha256": digest}), 403)
    assert [version["version"] for version in read(publisher, name)["versions"]] == ["1.0.0"]


def test_removed_owner_changes_nothing_any_more(publisher: Person, make_user: UserFactory, name: str) -> None:
    founder = make_user("upload", "search")
    package = publish(founder.client, name=name, version="1.0.0")
    key = {"Idempotency-Key": unique()}
    described = metadata(name=name, version="1.1.0")
    first = send_package(founder.client, described, headers=key)
    assert first.status_code == 201
    made = founder.client.post("/tokens", json={"name": "ci", "permissions": ["upload", "search"]}).json()["token"]
    owners = f"/names/model/{name}/owners"
    assert put(founder, owners, {"owners": [founder.name, publisher.name]}).status_code == 200
    assert put(publisher, owners, {"owners": [publisher.name]}).status_code == 200
    problem(send_package(founder.client, metadata(name=name, version="2.0.0")), 403)
    problem(send_package(founder.client, metadata(name=name, version="2.0.0"), headers=bearer(made)), 403)
    path = f"/package/{package['id']}"
    problem(founder.client.delete(path, headers=bearer(made)), 403)
    problem(founder.client.patch(path, json={"description": "x"}), 403)
    problem(founder.client.delete(path), 403)
    problem(put(founder, owners, {"owners": [founder.name]}), 403)
    problem(put(founder, f"/names/model/{name}/aliases/prod", {"version": "1.0.0"}), 403)
    # A retry gets its first answer, and publishes nothing.
    assert send_package(founder.client, described, headers=key).json()["id"] == first.json()["id"]
    delete(publisher, first.json())
    send_package(founder.client, described, headers=key)
    assert [version["version"] for version in read(publisher, name)["versions"]] == ["1.0.0"]


# Owners


def test_owners_are_replaced_whole(publisher: Person, stranger: Person, admin: Person, name: str) -> None:
    package = publish(publisher.client, name=name)
    path = f"/names/model/{name}/owners"
    changed = put(publisher, path, {"owners": [publisher.name, stranger.name]}, **{"If-Match": tag(publisher, name)})
    assert changed.status_code == 200, changed.text
    assert changed.json()["owners"] == [publisher.name, stranger.name]
    assert changed.headers["etag"] == tag(publisher, name)
    publish(stranger.client, name=name, version="2.0.0")
    assert put(stranger, path, {"owners": [stranger.name]}).status_code == 200
    assert put(admin, path, {"owners": [publisher.name]}).status_code == 200
    actions = [entry["action"] for entry in publisher.client.get(f"/package/{package['id']}/audit").json()["items"]]
    assert actions.count("owners") == 3


def test_bad_owners_are_refused(publisher: Person, stranger: Person, admin: Person, name: str) -> None:
    publish(publisher.client, name=name)
    space = name.partition("/")[0]
    for path in (f"/names/model/{name}/owners", f"/namespaces/{space}/owners"):
        for person in (publisher, admin):
            problem(put(person, path, {"owners": []}), 409, slug="last-owner")
        invalid(put(publisher, path, {"owners": [publisher.name, "nobody-by-this-name"]}), "/owners/1")
        invalid(put(publisher, path, {}), "/owners")
        problem(put(stranger, path, {"owners": [stranger.name]}), 403)
        problem(put(publisher, path, {"owners": [publisher.name, stranger.name]}, **{"If-Match": '"no"'}), 412)


def test_owners_of_a_namespace_create_names_in_it(publisher: Person, stranger: Person, name: str) -> None:
    publish(publisher.client, name=name)
    space = name.partition("/")[0]
    path = f"/namespaces/{space}"
    read_first = publisher.client.get(path)
    both = {"owners": [publisher.name, stranger.name]}
    changed = put(publisher, f"{path}/owners", both, **{"If-Match": read_first.headers["etag"]})
    assert changed.json() == {"name": space, "owners": both["owners"]}
    problem(
        put(
            publisher, f"{path}/owners", both | {"owners": [publisher.name]}, **{"If-Match": read_first.headers["etag"]}
        ),
        412,
    )
    publish(stranger.client, name=f"{space}/other")
    problem(send_package(stranger.client, metadata(name=name, version="2.0.0")), 403)


# Versions keep their bytes


def test_deleted_version_comes_back_with_its_bytes_only(publisher: Person, admin: Person, name: str) -> None:
    delete(publisher, publish(publisher.client, b"the bytes", name=name, version="1.0.0"))
    for person in (publisher, admin):
        problem(send_package(person.client, metadata(name=name), b"other bytes"), 409, slug="version-retired")
    again = publish(publisher.client, b"the bytes", name=name, version="1.0.0")
    assert publisher.client.get(again["content"]["url"], follow_redirects=True).content == b"the bytes"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_version_that_was_left_keeps_its_bytes(publisher: Person, name: str, method: str) -> None:
    package = publish(publisher.client, b"the bytes", name=name, version="1.0.0")
    body = {"version": "2.0.0"} if method == "PATCH" else metadata(name=name, version="2.0.0")
    assert publisher.client.request(method, f"/package/{package['id']}", json=body).status_code == 200
    problem(send_package(publisher.client, metadata(name=name), b"other bytes"), 409, slug="version-retired")
    other = publish(publisher.client, b"other bytes", name=name, version="3.0.0")
    refused = publisher.client.patch(f"/package/{other['id']}", json={"version": "1.0.0"})
    problem(refused, 409, slug="version-retired")


# Latest


def test_latest_is_no_prerelease_while_there_is_a_release(publisher: Person, name: str) -> None:
    def latest() -> str:
        found = listed(publisher.client, name=name, version="latest")
        (version,) = [package["version"] for package in found]
        assert read(publisher, name)["latest"] == {"id": found[0]["id"], "version": version}
        return str(version)

    published = {}
    for version, expected in (
        ("2.0.0-rc.1", "2.0.0-rc.1"),
        ("2.0.0-rc.2", "2.0.0-rc.2"),
        ("1.9.0", "1.9.0"),
        ("1.10.0", "1.10.0"),
        ("1.2.0", "1.10.0"),
        ("2.0.0-rc.3", "1.10.0"),
        ("2.0.0", "2.0.0"),
    ):
        published[version] = publish(publisher.client, name=name, version=version)
        assert latest() == expected
    publisher.client.patch(f"/package/{published['2.0.0']['id']}", json={"status": "deprecated"})
    assert latest() == "1.10.0"
    for version in ("1.2.0", "1.9.0", "1.10.0"):
        delete(publisher, published[version])
    assert latest() == "2.0.0-rc.3"
    problem(publisher.client.get("/packages", params={"name": unique(), "version": "latest"}), 404)
    problem(publisher.client.get("/packages", params={"version": "latest"}), 422)


def test_dependencies_mean_the_latest(publisher: Person, name: str) -> None:
    for version in ("2.0.0-rc.1", "1.0.0"):
        publish(publisher.client, name=name, version=version)
    user = publish(publisher.client, dependencies=[{"relation": "base_model", "name": name}])
    nodes = publisher.client.get(f"/package/{user['id']}/lineage").json()["nodes"]
    assert [node["version"] for node in nodes if node["name"] == name] == ["1.0.0"]


# Aliases


def test_alias_leads_to_a_version(publisher: Person, stranger: Person, name: str) -> None:
    first, second = (publish(publisher.client, name=name, version=version) for version in ("1.0.0", "2.0.0"))
    path = f"/names/model/{name}/aliases/prod"
    moved = put(publisher, path, {"version": "1.0.0"})
    assert moved.status_code == 200
    assert moved.json() == {"alias": "prod", "version": "1.0.0", "id": first["id"]}
    assert ids(listed(stranger.client, name=name, version="prod")) == [first["id"]]
    put(publisher, path, {"version": "2.0.0"})
    assert ids(listed(stranger.client, name=name, version="prod", type="model")) == [second["id"]]
    assert read(stranger, name)["aliases"] == {"prod": "2.0.0"}
    problem(stranger.client.get("/packages", params={"name": name, "version": "nightly"}), 404)
    problem(stranger.client.get("/packages", params={"name": name, "version": "prod", "type": "code"}), 404)
    for package, count in ((first, 2), (second, 1)):
        audit = publisher.client.get(f"/package/{package['id']}/audit").json()["items"]
        assert [entry["action"] for entry in audit].count("alias") == count
    assert publisher.client.delete(path).status_code == 204
    problem(publisher.client.delete(path), 404)
    assert read(stranger, name)["aliases"] == {}


def test_deleting_its_version_drops_the_alias(publisher: Person, name: str) -> None:
    package = publish(publisher.client, name=name, version="1.0.0")
    for alias in ("prod", "stage"):
        put(publisher, f"/names/model/{name}/aliases/{alias}", {"version": "1.0.0"})
    other = publish(publisher.client, name=name, version="2.0.0")
    put(publisher, f"/names/model/{name}/aliases/next", {"version": "2.0.0"})
    delete(publisher, package)
    assert read(publisher, name)["aliases"] == {"next": "2.0.0"}
    publisher.client.patch(f"/package/{other['id']}", json={"version": "2.0.1"})
    assert read(publisher, name)["aliases"] == {}


def test_bad_aliases_are_refused(publisher: Person, stranger: Person, name: str) -> None:
    publish(publisher.client, name=name, version="1.0.0")
    path = f"/names/model/{name}/aliases"
    for alias in ("latest", "Prod", "1st", "-x", "a_b", "a" * 33):
        invalid(put(publisher, f"{path}/{alias}", {"version": "1.0.0"}))
    problem(put(publisher, f"{path}/prod", {"version": "7.0.0"}), 404)
    invalid(put(publisher, f"{path}/prod", {"version": "no version"}))
    problem(put(stranger, f"{path}/prod", {"version": "1.0.0"}), 403)
    problem(put(publisher, f"/names/model/{unique()}/aliases/prod", {"version": "1.0.0"}), 404)


def test_of_two_moves_with_one_etag_one_wins(publisher: Person, name: str) -> None:
    for version in ("1.0.0", "2.0.0"):
        publish(publisher.client, name=name, version=version)
    seen = tag(publisher, name)

    def move(version: str) -> int:
        path = f"/names/model/{name}/aliases/prod"
        return put(publisher, path, {"version": version}, **{"If-Match": seen}).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(move, ("1.0.0", "2.0.0"))) == [200, 412]
