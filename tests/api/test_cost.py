"""GET /package/{id}/cost: bytes of a package, alone or with each dependency counted once."""

import httpx
import pytest

from tests.api.support import JsonObject, Person, invalid, problem, publish, unique
from tests.api.test_lineage import on


def cost(person: Person, package: JsonObject, dependency: str | None = "true") -> JsonObject:
    parameters = {} if dependency is None else {"dependency": dependency}
    answer = person.client.get(f"/package/{package['id']}/cost", params=parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    document: JsonObject = answer.json()
    assert document["package_id"] == package["id"]
    assert document["standalone_bytes"] == package["content"]["size"]
    assert document["total_bytes"] == sum(item["bytes"] or 0 for item in document["items"])
    return document


def sizes(document: JsonObject) -> dict[str, int]:
    by_id = {item["id"]: item["bytes"] for item in document["items"]}
    assert len(by_id) == len(document["items"]), "each is counted once"
    return by_id


@pytest.mark.parametrize("dependency", ["false", None])
def test_alone(publisher: Person, dependency: str | None) -> None:
    base = publish(publisher.client, b"x" * 1000)
    top = publish(publisher.client, b"x" * 10, dependencies=[on(base)])
    document = cost(publisher, top, dependency)
    assert sizes(document) == {top["id"]: 10}
    assert document["total_bytes"] == 10


def test_diamond_is_counted_once(publisher: Person) -> None:
    base = publish(publisher.client, b"x" * 1000)
    left = publish(publisher.client, b"x" * 100, dependencies=[on(base)])
    right = publish(publisher.client, b"x" * 200, dependencies=[on(name=base["name"])])
    top = publish(publisher.client, b"x" * 7, dependencies=[on(left), on(right)])
    document = cost(publisher, top)
    assert sizes(document) == {base["id"]: 1000, left["id"]: 100, right["id"]: 200, top["id"]: 7}
    assert document["total_bytes"] == 1307
    named = {item["id"]: (item["name"], item["version"]) for item in document["items"]}
    assert named[base["id"]] == (base["name"], "1.0.0")


def test_cycle_is_counted_once(publisher: Person) -> None:
    name = unique()
    first = publish(publisher.client, b"x" * 3, dependencies=[on(name=name)])
    second = publish(publisher.client, b"x" * 5, name=name, dependencies=[on(first)])
    assert sizes(cost(publisher, first)) == {first["id"]: 3, second["id"]: 5}


def test_two_versions_are_two_packages(publisher: Person) -> None:
    name = unique()
    old, new = (publish(publisher.client, b"x" * 4, name=name, version=version) for version in ("1.0.0", "2.0.0"))
    wanted = [on(name=name, version="1.0.0"), on(name=name, version="2.0.0")]
    top = publish(publisher.client, b"x", dependencies=wanted)
    assert sizes(cost(publisher, top)) == {old["id"]: 4, new["id"]: 4, top["id"]: 1}


def test_unregistered_adds_nothing(publisher: Person) -> None:
    top = publish(publisher.client, b"x" * 9, dependencies=[on()])
    assert cost(publisher, top)["total_bytes"] == 9


def test_bad_parameter_and_unknown_package(publisher: Person, package: JsonObject) -> None:
    invalid(publisher.client.get(f"/package/{package['id']}/cost", params={"dependency": "perhaps"}))
    problem(publisher.client.get(f"/package/{unique('none')}/cost"), 404)
