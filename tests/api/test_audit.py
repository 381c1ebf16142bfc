"""GET /package/{id}/audit: who did what, newest first."""

from tests.api.support import (
    TIMESTAMP,
    JsonObject,
    Person,
    listed,
    metadata,
    pages,
    problem,
    publish,
    send_package,
    sha256_hex,
    unique,
)

OLD, NEW = sha256_hex(b"content"), sha256_hex(b"new bytes")


def trail(person: Person, package: JsonObject) -> list[tuple[str, str, int, str | None]]:
    """What people did: ratings, which come by themselves a moment later, are left out."""
    entries = listed(person.client, f"/package/{package['id']}/audit")
    for entry in entries:
        assert TIMESTAMP.fullmatch(entry["at"])
    assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), reverse=True)
    return [
        (entry["action"], entry["user"], entry["revision"], entry["sha256"])
        for entry in entries
        if entry["action"] != "rate"
    ]


def test_creation_is_recorded(publisher: Person, package: JsonObject) -> None:
    assert trail(publisher, package) == [("create", publisher.name, 1, OLD)]


def test_changes_are_recorded_newest_first(admin: Person, publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    publisher.client.patch(path, json={"description": "new"})
    admin.client.put(path, json=metadata(name=package["name"]))
    send_package(publisher.client, metadata(name=package["name"]), b"new bytes", method="PUT", path=path)
    assert trail(publisher, package) == [
        ("update", publisher.name, 4, NEW),
        ("update", admin.name, 3, OLD),
        ("update", publisher.name, 2, OLD),
        ("create", publisher.name, 1, OLD),
    ]


def test_status_change_is_an_action_of_its_own(admin: Person, publisher: Person, package: JsonObject) -> None:
    admin.client.patch(f"/package/{package['id']}", json={"status": "quarantined"})
    assert trail(publisher, package)[0] == ("status", admin.name, 2, OLD)


def test_downloads_are_recorded(publisher: Person, stranger: Person, package: JsonObject) -> None:
    for _ in range(2):
        assert stranger.client.get(package["content"]["url"], follow_redirects=True).status_code == 200
    download = ("download", stranger.name, 1, OLD)
    assert trail(publisher, package) == [download, download, ("create", publisher.name, 1, OLD)]


def test_what_changes_nothing_is_not_recorded(publisher: Person, stranger: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    publisher.client.patch(path, json={})
    publisher.client.patch(path, json={"version": "nonsense"})
    publisher.client.patch(path, json={"description": "x"}, headers={"If-Match": '"stale"'})
    stranger.client.delete(path)
    publisher.client.get(path)
    assert [entry[0] for entry in trail(publisher, package)] == ["create"]


def test_trail_is_paged(publisher: Person, package: JsonObject) -> None:
    path = f"/package/{package['id']}"
    for number in range(6):
        publisher.client.patch(path, json={"description": str(number)})
    walked = list(pages(publisher.client, f"{path}/audit", limit=3))
    # Ratings of any of these revisions may have been made in between.
    assert {len(page) for page in walked[:-1]} == {3}
    changes = [entry["revision"] for page in walked for entry in page if entry["action"] != "rate"]
    assert changes == [7, 6, 5, 4, 3, 2, 1]


def test_trail_shows_no_other_package(publisher: Person) -> None:
    name = unique()
    old = publish(publisher.client, name=name)
    publisher.client.delete(f"/package/{old['id']}")
    assert [entry[0] for entry in trail(publisher, publish(publisher.client, name=name))] == ["create"]
    problem(publisher.client.get(f"/package/{old['id']}/audit"), 404)
