"""GET /package/{id}/lineage: all that a package depends on, transitively."""

from typing import Any

import httpx
import pytest

from tests.api.searching import wait_until_searchable
from tests.api.support import JsonObject, Person, ids, listed, problem, publish, unique


def on(package: JsonObject | None = None, **members: Any) -> JsonObject:
    """A dependency on a package by id, or on a name."""
    base: JsonObject = {"relation": "base_model", "name": unique("unregistered"), "version": None, "id": None}
    if package is not None:
        base |= {"name": package["name"], "id": package["id"]}
    return base | members


def graph(person: Person, package: JsonObject) -> tuple[dict[str, JsonObject], set[tuple[str, str, str]]]:
    """Nodes by id, and edges; every edge must join nodes that are there, no node or edge may stand there twice."""
    answer = person.client.get(f"/package/{package['id']}/lineage")
    assert answer.status_code == httpx.codes.OK, answer.text
    document = answer.json()
    assert set(document) >= {"nodes", "edges"}
    nodes = {node["id"]: node for node in document["nodes"]}
    assert len(nodes) == len(document["nodes"])
    edges = [(edge["from"], edge["to"], edge["relation"]) for edge in document["edges"]]
    assert len(set(edges)) == len(edges)
    assert {end for edge in edges for end in edge[:2]} <= set(nodes)
    for node in nodes.values():
        assert set(node) >= {"id", "name", "version", "type", "registered"}
        assert node["registered"] != node["id"].startswith("external-")
    return nodes, set(edges)


def test_edges_run_to_what_is_depended_on_transitively(publisher: Person) -> None:
    base = publish(publisher.client)
    middle = publish(publisher.client, dependencies=[on(base)])
    top = publish(publisher.client, dependencies=[on(middle)])
    nodes, edges = graph(publisher, top)
    assert set(nodes) == {base["id"], middle["id"], top["id"]}
    assert edges == {(top["id"], middle["id"], "base_model"), (middle["id"], base["id"], "base_model")}
    for package in (base, middle, top):
        node = nodes[package["id"]]
        assert {key: node[key] for key in ("name", "version", "type")} == {
            key: package[key] for key in ("name", "version", "type")
        }


def test_package_without_dependencies_has_no_edges(publisher: Person, package: JsonObject) -> None:
    nodes, edges = graph(publisher, package)
    assert edges == set()
    assert set(nodes) <= {package["id"]}


def test_diamond_has_each_node_once(publisher: Person) -> None:
    base = publish(publisher.client)
    left, right = (publish(publisher.client, dependencies=[on(base)]) for _ in range(2))
    top = publish(publisher.client, dependencies=[on(left), on(right)])
    nodes, edges = graph(publisher, top)
    assert set(nodes) == {package["id"] for package in (base, left, right, top)}
    assert len(edges) == 4


def test_cycles_are_fine(publisher: Person) -> None:
    first_name, second_name = unique(), unique()
    first = publish(publisher.client, name=first_name, dependencies=[on(name=second_name)])
    second = publish(publisher.client, name=second_name, dependencies=[on(name=first_name)])
    for package in (first, second):
        nodes, edges = graph(publisher, package)
        assert set(nodes) == {first["id"], second["id"]}
        assert {edge[:2] for edge in edges} == {(first["id"], second["id"]), (second["id"], first["id"])}


def test_unregistered_is_external_until_it_is_registered(publisher: Person) -> None:
    name = unique("later")
    top = publish(publisher.client, dependencies=[on(name=name), on(relation="base_model")])
    nodes, edges = graph(publisher, top)
    externals = {node["id"] for node in nodes.values() if not node["registered"]}
    assert len(externals) == 2
    assert all(identity.removeprefix("external-").isdigit() for identity in externals)
    assert name in {nodes[identity]["name"] for identity in externals}
    assert {edge[1] for edge in edges} == externals
    late = publish(publisher.client, name=name)
    nodes, edges = graph(publisher, top)
    assert (top["id"], late["id"], "base_model") in edges
    assert nodes[late["id"]]["registered"] is True


def test_deleted_is_external_again(publisher: Person) -> None:
    base = publish(publisher.client)
    top = publish(publisher.client, dependencies=[on(name=base["name"])])
    publisher.client.delete(f"/package/{base['id']}")
    nodes, _ = graph(publisher, top)
    assert [node["registered"] for node in nodes.values() if node["name"] == base["name"]] == [False]


def test_name_resolves_to_the_newest_version_that_fits(publisher: Person) -> None:
    name = unique()
    published = {
        version: publish(publisher.client, name=name, version=version)
        for version in ("1.10.0", "1.9.0", "2.0.0", "1.2.0", "3.0.0-rc.1")
    }
    for wanted, expected in (("^1.0.0", "1.10.0"), ("~1.9.0", "1.9.0"), ("1.2.0", "1.2.0"), ("1.0.0-2.0.0", "2.0.0")):
        top = publish(publisher.client, dependencies=[on(name=name, version=wanted)])
        _, edges = graph(publisher, top)
        assert {edge[1] for edge in edges} == {published[expected]["id"]}, wanted
    top = publish(publisher.client, dependencies=[on(name=name, version="^9.0.0")])
    nodes, _ = graph(publisher, top)
    assert [node["registered"] for node in nodes.values() if node["name"] == name] == [False]


def test_resolution_happens_when_asked(publisher: Person) -> None:
    name = unique()
    old = publish(publisher.client, name=name, version="1.0.0")
    top = publish(publisher.client, dependencies=[on(name=name, version="^1.0.0")])
    assert old["id"] in graph(publisher, top)[0]
    new = publish(publisher.client, name=name, version="1.1.0")
    nodes, _ = graph(publisher, top)
    assert new["id"] in nodes
    assert old["id"] not in nodes


def test_deep_chains_are_followed(publisher: Person) -> None:
    chain = [publish(publisher.client)]
    for _ in range(30):
        chain.append(publish(publisher.client, dependencies=[on(chain[-1])]))
    nodes, edges = graph(publisher, chain[-1])
    assert set(nodes) == {package["id"] for package in chain}
    assert len(edges) == 30


def test_unknown_package_is_404(publisher: Person) -> None:
    problem(publisher.client.get(f"/package/{unique('none')}/lineage"), 404)


def details(person: Person, package: JsonObject) -> JsonObject:
    answer = person.client.get(f"/package/{package['id']}/lineage", params={"include": "details"})
    assert answer.status_code == httpx.codes.OK, answer.text
    document: JsonObject = answer.json()
    return document


def test_details_show_licenses_that_do_not_go_together(publisher: Person) -> None:
    data = publish(publisher.client, license="CC-BY-NC-4.0", type="dataset")
    base = publish(publisher.client, license="Apache-2.0", dependencies=[on(data, relation="training_dataset")])
    top = publish(publisher.client, license="MIT", dependencies=[on(base)])
    found = details(publisher, top)
    nodes = {node["id"]: node for node in found["nodes"]}
    assert nodes[data["id"]]["license"] == "CC-BY-NC-4.0"
    assert nodes[data["id"]]["bytes"] == data["content"]["size"]
    assert nodes[top["id"]]["status"] == "active"
    conflicts = {(conflict["from"], conflict["to"]) for conflict in found["conflicts"]}
    assert conflicts == {(base["id"], data["id"]), (top["id"], data["id"])}
    assert all(conflict["reason"] for conflict in found["conflicts"])
    assert "status" not in publisher.client.get(f"/package/{top['id']}/lineage").json()["nodes"][0]


@pytest.mark.parametrize("relations", [("base_model", "tokenizer"), ("tokenizer", "base_model")])
def test_what_is_made_from_and_used_must_allow_both(publisher: Person, relations: tuple[str, str]) -> None:
    base = publish(publisher.client, license="LGPL-2.1-only")
    top = publish(publisher.client, license="MIT", dependencies=[on(base, relation=each) for each in relations])
    conflicts = details(publisher, top)["conflicts"]
    assert [(conflict["from"], conflict["to"]) for conflict in conflicts] == [(top["id"], base["id"])]


def test_details_show_what_is_quarantined(publisher: Person, stranger: Person, admin: Person) -> None:
    base = publish(publisher.client)
    top = publish(publisher.client, dependencies=[on(base, id=None)])
    by_id = publish(publisher.client, dependencies=[on(base)])
    answer = admin.client.patch(f"/package/{base['id']}", json={"status": "quarantined"})
    assert answer.status_code == httpx.codes.OK, answer.text
    for package in (top, by_id):
        (node,) = details(publisher, package)["nodes"][1:]
        assert (node["id"], node["status"]) == (base["id"], "quarantined")
        # For others it does not exist, but that it is quarantined is what they must know.
        (node,) = details(stranger, package)["nodes"][1:]
        assert (node["id"], node["status"], node["bytes"]) == ("external-1", "quarantined", None)
    assert details(publisher, publish(publisher.client, dependencies=[on()]))["nodes"][1]["status"] is None


def test_dependents_are_those_whose_range_has_the_version(
    publisher: Person, stranger: Person, anonymous: httpx.Client
) -> None:
    wait_until_searchable(anonymous)
    name = unique("base")
    one, two = (publish(publisher.client, name=name, version=version) for version in ("1.0.0", "2.0.0"))
    in_range = publish(publisher.client, dependencies=[on(name=name, version="^1.0.0")])
    any_version = publish(publisher.client, dependencies=[on(name=name), on(name=name, relation="code")])
    by_id = publish(publisher.client, dependencies=[on(two)])
    draft = publish(publisher.client, status="draft", dependencies=[on(name=name)])

    def dependents(person: Person, package: JsonObject, **query: Any) -> list[str]:
        return ids(listed(person.client, f"/package/{package['id']}/dependents", **query))

    assert dependents(stranger, one, limit=1) == [any_version["id"], in_range["id"]]
    assert dependents(stranger, two) == [by_id["id"], any_version["id"]]
    assert dependents(publisher, two) == [draft["id"], by_id["id"], any_version["id"]]
    publisher.client.patch(f"/package/{by_id['id']}", json={"dependencies": []})
    publisher.client.delete(f"/package/{any_version['id']}")
    assert dependents(stranger, two) == []
    assert dependents(stranger, in_range) == []
    problem(stranger.client.get(f"/package/{unique('none')}/dependents"), 404)
