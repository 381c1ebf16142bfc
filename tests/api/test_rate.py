"""GET and POST /package/{id}/rate, receipts and `?include=rating`."""

import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from registry.api.models.ratings import RatingModel
from registry.domain.errors import InvalidInput
from registry.domain.receipts import ReceiptTampered
from registry.rating.recompute import recompute
from tests.api.searching import wait_until_searchable
from tests.api.server import RunningServer
from tests.api.support import (
    JsonObject,
    Person,
    connect,
    eventually,
    fetch,
    invalid,
    listed,
    problem,
    publish,
)


def rate(client: httpx.Client, package: JsonObject, **headers: str) -> httpx.Response:
    """The rating, waited for."""
    return client.get(f"/package/{package['id']}/rate", params={"wait": 30}, headers=headers)


def rated(client: httpx.Client, package: JsonObject) -> JsonObject:
    answer = rate(client, package)
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


def test_a_published_package_is_rated(publisher: Person, package: JsonObject) -> None:
    rating = rated(publisher.client, package)
    RatingModel.model_validate_json(json.dumps(rating))
    assert rating["package_id"] == package["id"]
    assert rating["revision"] == 1
    assert rating["status"] == "complete"
    assert len(rating["metrics"]) == 12
    low, high = rating["net_score_range"]
    assert low <= rating["net_score"] <= high
    assert rating["metrics"]["bus_factor"]["score"] is None
    assert rating["metrics"]["bus_factor"]["evidence"]


def test_a_rating_is_read_conditionally(publisher: Person, package: JsonObject) -> None:
    rated(publisher.client, package)
    first = rate(publisher.client, package)
    assert first.headers["x-cache"] == "hit"
    assert int(first.headers["age"]) >= 0
    again = rate(publisher.client, package, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = rate(publisher.client, package, **{"If-None-Match": '"1"'})
    assert other.content == first.content


def test_wait_may_be_preferred(publisher: Person, package: JsonObject) -> None:
    answer = publisher.client.get(f"/package/{package['id']}/rate", headers={"Prefer": "respond-async, wait=30"})
    assert answer.status_code == 200


@pytest.mark.parametrize("wait", ["-1", "31", "x", "", "1.5", "9" * 9])
def test_a_wait_out_of_bounds_is_refused(publisher: Person, package: JsonObject, wait: str) -> None:
    invalid(publisher.client.get(f"/package/{package['id']}/rate", params={"wait": wait}), "/wait")


def test_a_change_is_rated_anew(publisher: Person, package: JsonObject) -> None:
    before = rated(publisher.client, package)
    publisher.client.patch(f"/package/{package['id']}", json={"license": "MIT"})
    after = rated(publisher.client, package)
    assert (before["revision"], after["revision"]) == (1, 2)
    assert before["metrics"]["license"]["score"] == 0.0
    assert after["metrics"]["license"]["score"] == 1.0


def test_rating_again_makes_another_rating(publisher: Person, package: JsonObject) -> None:
    first = rated(publisher.client, package)
    answer = publisher.client.post(f"/package/{package['id']}/rate")
    assert answer.status_code == 202
    assert answer.json() == {"status": "queued", "package_id": package["id"]}
    assert answer.headers["location"] == f"/package/{package['id']}/rate"
    assert int(answer.headers["retry-after"]) >= 1
    eventually(lambda: rated(publisher.client, package)["rated_at"] > first["rated_at"])


def test_ratings_stand_in_the_audit_trail(publisher: Person, package: JsonObject) -> None:
    rated(publisher.client, package)
    entries = listed(publisher.client, f"/package/{package['id']}/audit")
    assert [(entry["action"], entry["user"], entry["revision"]) for entry in entries] == [
        ("rate", publisher.name, 1),
        ("create", publisher.name, 1),
    ]


def test_the_receipt_gives_the_same_numbers(publisher: Person, package: JsonObject) -> None:
    rating = rated(publisher.client, package)
    receipt = publisher.client.get(f"/package/{package['id']}/rate/receipt")
    assert receipt.status_code == 200
    assert recompute(receipt.content).rating.net_score == rating["net_score"]

    changed = receipt.content.replace(b'"content_size":7', b'"content_size":8')
    assert changed != receipt.content
    with pytest.raises(ReceiptTampered):
        recompute(changed)
    with pytest.raises(InvalidInput):
        recompute(receipt.content[:-1])


def test_a_rating_is_included_where_it_is_wanted(publisher: Person, package: JsonObject) -> None:
    rating = rated(publisher.client, package)
    summary = {name: rating[name] for name in ("net_score", "net_score_range", "status", "rated_at", "safety")}
    answer = publisher.client.get(f"/package/{package['id']}", params={"include": "rating"})
    assert answer.json()["rating"] == summary
    (item,) = listed(publisher.client, name=package["name"], include="rating")
    assert item["rating"] == summary
    assert "rating" not in fetch(publisher.client, package)

    headers = {"If-None-Match": answer.headers["etag"]}
    unchanged = publisher.client.get(f"/package/{package['id']}", params={"include": "rating"}, headers=headers)
    assert unchanged.status_code == 304
    plain = publisher.client.get(f"/package/{package['id']}", headers=headers)
    assert (plain.status_code, plain.headers["etag"]) == (200, '"1"')


def test_a_rating_is_included_in_what_a_search_finds(publisher: Person, package: JsonObject) -> None:
    rating = rated(publisher.client, package)
    summary = {name: rating[name] for name in ("net_score", "net_score_range", "status", "rated_at", "safety")}
    wait_until_searchable(publisher.client)
    for answer in (
        publisher.client.post("/package/byRegEx?include=rating", json={"regex": package["name"]}),
        publisher.client.get("/search", params={"q": package["name"], "include": "rating"}),
    ):
        assert [(item["id"], item["rating"]) for item in answer.json()["items"]] == [(package["id"], summary)]
    plain = publisher.client.get("/search", params={"q": package["name"]}).json()["items"]
    assert plain
    assert "rating" not in plain[0]


def test_the_tag_of_a_package_with_its_rating_may_guard_a_change(publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    rated(publisher.client, package)
    tag = publisher.client.get(path, params={"include": "rating"}).headers["etag"]
    changed = publisher.client.patch(path, json={"description": "new"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    stale = publisher.client.patch(path, json={"description": "newer"}, headers={"If-Match": tag})
    problem(stale, 412)


def test_parents_count(publisher: Person, package: JsonObject) -> None:
    parent = rated(publisher.client, package)
    dependencies = [
        {"relation": "base_model", "name": package["name"]},
        {"relation": "dataset", "name": "nobody/has-this"},
    ]
    tree = rated(publisher.client, publish(publisher.client, dependencies=dependencies))["metrics"]["tree"]
    assert tree["score"] == parent["net_score"]
    assert package["name"] in tree["evidence"]


class _Deadly:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("echo never run",)


def test_dangerous_content_is_quarantined_until_an_admin_lifts_it(admin: Person, publisher: Person) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("model.pkl", pickle.dumps(_Deadly()))
    package = publish(publisher.client, archive.getvalue(), filename="model.zip", media_type="application/zip")

    eventually(lambda: bool(fetch(publisher.client, package)["status"] == "quarantined"))
    assert "model.pkl" in fetch(publisher.client, package)["status_reason"]
    rating = rated(publisher.client, package)
    assert rating["safety"] == "dangerous"
    assert rating["metrics"]["safety"]["score"] == 0.0
    assert any(finding["level"] == "dangerous" for finding in rating["findings"])
    problem(publisher.client.get(package["content"]["url"]), 409, slug="quarantined")
    problem(publisher.client.patch(f"/package/{package['id']}", json={"status": "active"}), 403)

    lifted = admin.client.patch(f"/package/{package['id']}", json={"status": "active"})
    assert lifted.status_code == 200
    assert "status_reason" not in lifted.json()
    assert rated(publisher.client, package)["revision"] == lifted.json()["revision"]
    assert fetch(publisher.client, package)["status"] == "active"


@pytest.mark.parametrize(
    ("method", "path", "permission", "other"),
    [("GET", "", "search", "upload"), ("GET", "/receipt", "search", "upload"), ("POST", "", "upload", "search")],
)
def test_who_may_rate(
    only: Mapping[str, Person],
    anonymous: httpx.Client,
    package: JsonObject,
    method: str,
    path: str,
    permission: str,
    other: str,
) -> None:
    url = f"/package/{package['id']}/rate{path}"
    problem(anonymous.request(method, url), 401)
    problem(only[other].client.request(method, url), 403)
    problem(only[permission].client.request(method, "/package/0193/rate" + path), 404)


def test_many_who_ask_at_once_get_the_same_rating(publisher: Person, package: JsonObject) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: rate(publisher.client, package), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    entries = listed(publisher.client, f"/package/{package['id']}/audit")
    assert [entry["action"] for entry in entries].count("rate") == 1


def test_metrics_tell_of_ratings(server: RunningServer, publisher: Person, package: JsonObject) -> None:
    rated(publisher.client, package)
    with connect(server.rater_url) as rater:
        assert 'registry_rating_seconds_count{outcome="complete"}' in rater.get("/metrics").text
    assert 'registry_queue_depth{queue="ratings"}' in publisher.client.get("/metrics").text
