"""GET /package/{id}/safety, and what a verdict does to every package that has the content."""

import json
import threading
from collections.abc import Callable, Mapping

import httpx
import pytest

from registry.api.models.safety import SafetyModel
from tests.api.pickles import clean, dangerous, encrypted, zipped
from tests.api.support import (
    JsonObject,
    Person,
    download,
    eventually,
    fetch,
    invalid,
    listed,
    problem,
    publish,
    send_package,
    sha256_hex,
)
from tests.api.webhooks import register
from tests.receivers import Receiver


def safety(client: httpx.Client, package: JsonObject, **headers: str) -> httpx.Response:
    """The verdict, waited for."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/package/{package['id']}/safety", params={"wait": 30}, headers=named)


def verdict(client: httpx.Client, package: JsonObject) -> JsonObject:
    answer = safety(client, package)
    assert answer.status_code == 200, answer.text
    SafetyModel.model_validate_json(answer.content)
    found: JsonObject = answer.json()
    return found


def replace_content(client: httpx.Client, package: JsonObject, content: bytes) -> JsonObject:
    members = {name: package[name] for name in ("name", "version", "type")}
    answer = send_package(client, members, content, method="PUT", path=f"/package/{package['id']}")
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


def lift(admin: Person, package: JsonObject) -> None:
    answer = admin.client.patch(f"/package/{package['id']}", json={"status": "active"})
    assert answer.status_code == 200, answer.text


def quarantines(client: httpx.Client, package: JsonObject) -> list[JsonObject]:
    """The audit entries of the registry's own."""
    entries = listed(client, f"/package/{package['id']}/audit")
    return [entry for entry in entries if entry["action"] == "status" and entry["user"] is None]


def test_clean_content_has_a_clean_verdict(publisher: Person) -> None:
    content = clean()
    package = publish(publisher.client, content, filename="m.pkl")
    found = verdict(publisher.client, package)
    assert (found["status"], found["findings"], found["not_scanned"]) == ("clean", [], [])
    assert found["content_sha256"] == sha256_hex(content)
    assert "m.pkl" in found["scanned"]
    assert fetch(publisher.client, package)["status"] == "active"
    assert download(publisher.client, package).content == content


def test_a_verdict_is_read_conditionally(publisher: Person, package: JsonObject) -> None:
    first = safety(publisher.client, package)
    again = safety(publisher.client, package, If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert safety(publisher.client, package, If_None_Match='"other"').status_code == 200


def test_wait_may_be_preferred_and_has_bounds(publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}/safety"
    assert publisher.client.get(path, headers={"Prefer": "wait=30"}).status_code == 200
    for wait in ("-1", "31", "x"):
        invalid(publisher.client.get(path, params={"wait": wait}), "/wait")


def test_dangerous_content_is_quarantined_with_its_reason(publisher: Person, stranger: Person) -> None:
    package = publish(publisher.client, zipped(model_pkl=dangerous()), filename="model.zip")
    found = verdict(publisher.client, package)
    assert found["status"] == "dangerous"
    assert any(finding["level"] == "dangerous" and "model.pkl" in finding["path"] for finding in found["findings"])
    assert fetch(publisher.client, package)["status"] == "quarantined"
    (entry,) = quarantines(publisher.client, package)
    assert entry["sha256"] == package["content"]["sha256"]

    for person in (publisher, stranger):
        assert "model.pkl" in problem(download(person.client, package), 409, slug="quarantined")["detail"]
    for path in ("", "/files", "/files/model.pkl", "/safety", "/audit"):
        problem(stranger.client.get(f"/package/{package['id']}{path}"), 404)


def test_what_could_not_be_read_is_not_clean(publisher: Person) -> None:
    package = publish(publisher.client, encrypted(), filename="model.zip")
    found = verdict(publisher.client, package)
    assert found["status"] == "not_scanned"
    assert all(missed["path"] and missed["reason"] for missed in found["not_scanned"])
    assert found["not_scanned"]
    assert fetch(publisher.client, package)["status"] == "active"


def test_a_verdict_applies_to_packages_that_are_published_later(publisher: Person, stranger: Person) -> None:
    content = dangerous()
    first = publish(publisher.client, content, filename="m.pkl")
    known = verdict(publisher.client, first)
    second = publish(stranger.client, content, filename="other-name.pkl")
    # Not even for the moment between the publish and the quarantine.
    problem(download(publisher.client, second), 409, slug="quarantined")
    assert stranger.client.get(f"/package/{second['id']}/safety").json() == known
    assert fetch(stranger.client, second)["status"] == "quarantined"
    assert len(quarantines(stranger.client, second)) == 1


def test_a_deleted_package_s_verdict_stays(publisher: Person) -> None:
    content = dangerous()
    package = publish(publisher.client, content)
    known = verdict(publisher.client, package)
    assert publisher.client.delete(f"/package/{package['id']}").status_code == 204
    again = publish(publisher.client, content)
    problem(download(publisher.client, again), 409, slug="quarantined")
    assert verdict(publisher.client, again) == known


def test_a_storm_of_changes_does_not_dodge_the_quarantine(publisher: Person) -> None:
    package = publish(publisher.client, dangerous(), filename="m.pkl")
    over = threading.Event()

    def change() -> None:
        number = 0
        while not over.is_set():
            number += 1
            answer = publisher.client.patch(f"/package/{package['id']}", json={"description": str(number)})
            assert answer.status_code == 200, answer.text

    storm = threading.Thread(target=change)
    storm.start()
    try:
        eventually(lambda: bool(fetch(publisher.client, package)["status"] == "quarantined"), timeout_seconds=30)
    finally:
        over.set()
        storm.join()
    assert fetch(publisher.client, package)["status"] == "quarantined"
    assert len(quarantines(publisher.client, package)) == 1


def test_replaced_content_is_judged_and_clean_content_lifts_nothing(admin: Person, publisher: Person) -> None:
    package = publish(publisher.client, clean())
    assert verdict(publisher.client, package)["status"] == "clean"
    replace_content(publisher.client, package, dangerous())
    assert verdict(publisher.client, package)["status"] == "dangerous"
    assert fetch(publisher.client, package)["status"] == "quarantined"

    harmless = clean()
    replace_content(publisher.client, package, harmless)
    assert verdict(publisher.client, package)["status"] == "clean"
    assert fetch(publisher.client, package)["status"] == "quarantined"
    problem(download(publisher.client, package), 409, slug="quarantined")
    problem(publisher.client.patch(f"/package/{package['id']}", json={"status": "active"}), 403)
    lift(admin, package)
    assert download(publisher.client, package).content == harmless


def test_a_lift_holds_for_its_content_in_its_package(admin: Person, publisher: Person) -> None:
    content = dangerous()
    package = publish(publisher.client, content)
    assert verdict(publisher.client, package)["status"] == "dangerous"
    lift(admin, package)
    assert download(publisher.client, package).content == content
    assert verdict(publisher.client, package)["status"] == "dangerous"

    replace_content(publisher.client, package, clean())
    assert verdict(publisher.client, package)["status"] == "clean"
    replace_content(publisher.client, package, content)
    assert verdict(publisher.client, package)["status"] == "dangerous"
    assert fetch(publisher.client, package)["status"] == "active"
    assert download(publisher.client, package).content == content

    other = publish(publisher.client, content)
    assert verdict(publisher.client, other)["status"] == "dangerous"
    assert fetch(publisher.client, other)["status"] == "quarantined"
    replace_content(publisher.client, package, dangerous())
    assert verdict(publisher.client, package)["status"] == "dangerous"
    assert fetch(publisher.client, package)["status"] == "quarantined"


def test_content_that_comes_with_the_lift_is_judged_by_itself(admin: Person, publisher: Person) -> None:
    package = publish(publisher.client, dangerous())
    assert verdict(publisher.client, package)["status"] == "dangerous"
    members = {name: package[name] for name in ("name", "version", "type")} | {"status": "active"}
    path = f"/package/{package['id']}"
    assert send_package(admin.client, members, dangerous(), method="PUT", path=path).status_code == 200
    assert verdict(publisher.client, package)["status"] == "dangerous"
    assert fetch(publisher.client, package)["status"] == "quarantined"


def test_the_rating_takes_its_safety_from_the_verdict(publisher: Person) -> None:
    scores = {}
    contents = {"clean": clean(), "dangerous": dangerous(), "not_scanned": encrypted()}
    for status, content in contents.items():
        filename = "model.zip" if status == "not_scanned" else "model.pkl"
        package = publish(publisher.client, content, filename=filename)
        rating = publisher.client.get(f"/package/{package['id']}/rate", params={"wait": 30}).json()
        assert rating["safety"] == status
        scores[status] = rating["metrics"]["safety"]["score"]
        included = publisher.client.get(f"/package/{package['id']}", params={"include": "rating"}).json()["rating"]
        assert included["safety"] == status
    assert scores == {"clean": 1.0, "dangerous": 0.0, "not_scanned": None}


def test_who_may_read_verdicts(only: Mapping[str, Person], anonymous: httpx.Client, package: JsonObject) -> None:
    path = f"/package/{package['id']}/safety"
    problem(anonymous.get(path), 401)
    problem(only["upload"].client.get(path), 403)
    problem(only["search"].client.get("/package/0193/safety"), 404)
    assert only["search"].client.get(path, params={"wait": 30}).status_code == 200


@pytest.mark.parametrize("content", [clean, dangerous])
def test_webhooks_hear_of_each_package_once(boss: Person, receiver: Receiver, content: Callable[[], bytes]) -> None:
    webhook = register(boss.client, url=receiver.url, events=["safety.completed"])
    data = content()
    packages = [publish(boss.client, data), publish(boss.client, data)]
    status = verdict(boss.client, packages[0])["status"]
    verdict(boss.client, packages[1])
    expected = {package["id"] for package in packages}

    def told() -> list[JsonObject]:
        events = [json.loads(request.body) for request in receiver.received]
        return [event["data"] for event in events if event["data"]["package_id"] in expected]

    eventually(lambda: {data["package_id"] for data in told()} == expected, timeout_seconds=30)
    boss.client.patch(f"/package/{packages[0]['id']}", json={"description": "changed"})
    assert {(each["status"], each["content_sha256"]) for each in told()} == {(status, sha256_hex(data))}
    assert len(told()) == 2
    boss.client.delete(f"/webhooks/{webhook['id']}")
