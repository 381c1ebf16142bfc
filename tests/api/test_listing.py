"""GET /packages: its filters, and what an item holds."""

import pytest

from tests.api.support import JsonObject, Person, ids, invalid, listed, publish, unique


def test_item_is_the_package_without_readme(publisher: Person) -> None:
    package = publish(publisher.client, readme="# Hello")
    (item,) = listed(publisher.client, name=package["name"])
    assert "readme" not in item
    assert item == {key: value for key, value in package.items() if key != "readme"}


def test_name_is_exact_and_case_counts(publisher: Person) -> None:
    name = unique("Name/with")
    wanted = publish(publisher.client, name=name)
    for other in (name.lower(), name + "x", "x" + name):
        publish(publisher.client, name=other)
    assert ids(listed(publisher.client, name=name)) == [wanted["id"]]
    assert listed(publisher.client, name=name[:-1]) == []


@pytest.mark.parametrize("name", ["a%20b", "a%b_c", "a'b\"c", "a*b", "a/b/c", "{a}", "a?b#c&d=e", "~a", "a\\b"])
def test_names_with_odd_characters_are_found(publisher: Person, name: str) -> None:
    odd = f"{name}-{unique()}"
    package = publish(publisher.client, name=odd)
    assert ids(listed(publisher.client, name=odd)) == [package["id"]]
    assert package["name"] == odd


def test_filters_go_together(publisher: Person) -> None:
    tag, name = unique("tag"), unique()
    wanted = publish(publisher.client, name=name, tags=["other", tag], type="dataset", version="1.4.0")
    publish(publisher.client, name=name, tags=[tag], type="model", version="1.4.0")
    publish(publisher.client, name=name, tags=[tag], type="dataset", version="2.0.0")
    publish(publisher.client, name=name, type="dataset", version="1.4.1")
    publish(publisher.client, tags=[tag], type="dataset", version="1.4.0")
    found = listed(publisher.client, tag=tag, name=name, type="dataset", version="^1.0.0")
    assert ids(found) == [wanted["id"]]


def test_tag_is_exact(publisher: Person) -> None:
    tag = unique("tag")
    wanted = publish(publisher.client, tags=[tag])
    publish(publisher.client, tags=[tag + "x", tag.upper()])
    assert ids(listed(publisher.client, tag=tag)) == [wanted["id"]]


def test_listing_follows_changes_at_once(publisher: Person, package: JsonObject) -> None:
    tag = unique("tag")
    path = f"/package/{package['id']}"
    publisher.client.patch(path, json={"tags": [tag], "version": "3.0.0"})
    assert [item["version"] for item in listed(publisher.client, tag=tag)] == ["3.0.0"]
    assert listed(publisher.client, name=package["name"], version="1.0.0") == []
    publisher.client.patch(path, json={"tags": []})
    assert listed(publisher.client, tag=tag) == []
    publisher.client.delete(path)
    assert listed(publisher.client, name=package["name"]) == []


def test_rating_is_included_when_asked_for(publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    assert "rating" not in publisher.client.get(path).json()
    assert "rating" in publisher.client.get(path, params={"include": "rating"}).json()
    (item,) = listed(publisher.client, name=package["name"], include="rating")
    assert "rating" in item


@pytest.mark.parametrize("path", ["/packages", "/package/{id}"])
def test_unknown_include_is_422(publisher: Person, package: JsonObject, path: str) -> None:
    invalid(publisher.client.get(path.format(id=package["id"]), params={"include": "weather"}))


def test_owner_is_who_published(publisher: Person, stranger: Person) -> None:
    tag = unique("tag")
    wanted = publish(publisher.client, tags=[tag])
    publish(stranger.client, tags=[tag])
    assert ids(listed(publisher.client, tag=tag, owner=publisher.name)) == [wanted["id"]]
    assert listed(publisher.client, tag=tag, owner=publisher.name.upper()) == []
    assert wanted["id"] in ids(listed(stranger.client, owner=publisher.name, type="model"))


def rated(publisher: Person, package: JsonObject) -> float:
    """The lower bound of the package's net score."""
    answer = publisher.client.get(f"/package/{package['id']}/rate", params={"wait": 30})
    assert answer.status_code == 200, answer.text
    low, _ = answer.json()["net_score_range"]
    return float(low)


def test_a_minimum_of_the_net_score(publisher: Person) -> None:
    tag = unique("tag")
    free, closed = publish(publisher.client, tags=[tag], license="MIT"), publish(publisher.client, tags=[tag])
    high, low = rated(publisher, free), rated(publisher, closed)
    assert high > low
    for minimum, found in ((0, [closed, free]), (low, [closed, free]), (low + 1e-6, [free]), (high + 1e-6, [])):
        assert ids(listed(publisher.client, tag=tag, min_net_score=minimum)) == ids(found)
    oldest_first = listed(
        publisher.client, tag=tag, min_net_score=low, order="created", limit=1, owner=publisher.name, version="^1.0.0"
    )
    assert ids(oldest_first) == [free["id"], closed["id"]]


def test_by_name(publisher: Person) -> None:
    tag = unique("tag")
    names = [f"{unique()}{name}" for name in ("b", "B", "a/b", "a-b", "a b")]
    published = [publish(publisher.client, tags=[tag], name=name) for name in names]
    newer = publish(publisher.client, tags=[tag], name=names[0], version="2.0.0")
    expected = ids(sorted([*published, newer], key=lambda package: (package["name"], package["id"])))
    for limit in (1, 4, 200):
        assert ids(listed(publisher.client, tag=tag, order="name", limit=limit)) == expected
        assert ids(listed(publisher.client, tag=tag, order="name", limit=limit, version="1.0.0")) == [
            package_id for package_id in expected if package_id != newer["id"]
        ]
    assert ids(listed(publisher.client, name=names[0], order="name")) == [published[0]["id"], newer["id"]]


def test_by_score(publisher: Person) -> None:
    tag = unique("tag")
    published = [
        publish(publisher.client, tags=[tag], license=license_id, type=kind)
        for license_id, kind in ((None, "model"), ("MIT", "model"), (None, "code"), ("GPL-3.0-only", "dataset"))
    ]
    scores = {package["id"]: rated(publisher, package) for package in published}
    expected = sorted(scores, key=lambda package_id: (scores[package_id], package_id), reverse=True)
    for limit in (1, 3, 200):
        items = listed(publisher.client, tag=tag, order="score", limit=limit, include="rating")
        assert ids(items) == expected
        assert [item["rating"]["net_score_range"][0] for item in items] == sorted(scores.values(), reverse=True)
    for minimum in {*scores.values(), 1.0}:
        found = listed(publisher.client, tag=tag, order="score", min_net_score=minimum, limit=1)
        assert ids(found) == [package_id for package_id in expected if scores[package_id] >= minimum]
    assert ids(listed(publisher.client, tag=tag, order="score", owner=publisher.name, version="^1.0.0")) == expected
    models = {package["id"] for package in published if package["type"] == "model"}
    found = listed(publisher.client, tag=tag, order="score", type="model")
    assert ids(found) == [package_id for package_id in expected if package_id in models]


@pytest.mark.parametrize("order", ["created", "-created", "name", "score"])
def test_an_alias_goes_with_every_order(publisher: Person, order: str) -> None:
    name = unique()
    model, code = (publish(publisher.client, name=name, type=kind) for kind in ("model", "code"))
    found = listed(publisher.client, name=name, version="latest", order=order)
    assert sorted(ids(found)) == sorted([model["id"], code["id"]])


@pytest.mark.parametrize("order", ["", "-name", "SCORE", "created,name", "rating"])
def test_an_unknown_order_is_422(publisher: Person, order: str) -> None:
    invalid(publisher.client.get("/packages", params={"order": order}), "/order")


@pytest.mark.parametrize("order", ["name", "score"])
def test_a_cursor_is_of_one_order(publisher: Person, order: str) -> None:
    tag = unique("tag")
    for _ in range(2):
        publish(publisher.client, tags=[tag])
    first = publisher.client.get("/packages", params={"tag": tag, "limit": 1, "order": order}).json()
    cursor = first["next_cursor"]
    assert cursor
    invalid(publisher.client.get("/packages", params={"tag": tag, "limit": 1, "cursor": cursor}), "/cursor")


def test_a_new_revision_has_no_net_score_until_it_is_rated(publisher: Person, package: JsonObject) -> None:
    path, wanted = f"/package/{package['id']}", {"name": package["name"], "min_net_score": 0}
    rated(publisher, package)
    assert ids(listed(publisher.client, **wanted)) == [package["id"]]
    publisher.client.patch(path, json={"status": "deprecated"})
    rated(publisher, package)
    assert listed(publisher.client, **wanted) == []
    assert ids(listed(publisher.client, **wanted, status="deprecated")) == [package["id"]]
    publisher.client.delete(path)
    assert listed(publisher.client, **wanted, status="deprecated") == []


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "inf", "high", "", "0,5"])
def test_a_bad_minimum_is_422(publisher: Person, text: str) -> None:
    invalid(publisher.client.get("/packages", params={"min_net_score": text}), "/min_net_score")
