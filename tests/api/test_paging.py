"""Paging: bounds, opaque cursors, Link, and walks while entries come and go."""

import httpx
import pytest

from tests.api.server import RunningServer
from tests.api.support import Person, ids, invalid, listed, pages, problem, publish, unique


@pytest.fixture(scope="module")
def tagged(publisher: Person) -> tuple[str, list[str]]:
    """A tag and the ids that have it, oldest first."""
    tag = unique("tag")
    return tag, [publish(publisher.client, tags=[tag])["id"] for _ in range(12)]


def first_page(person: Person, tag: str, **parameters: str | int) -> httpx.Response:
    return person.client.get("/packages", params={"tag": tag, "limit": 5, **parameters})


@pytest.mark.parametrize("limit", [1, 5, 11, 12, 13, 200])
def test_walk_sees_everything_newest_first(publisher: Person, tagged: tuple[str, list[str]], limit: int) -> None:
    tag, created = tagged
    walked = list(pages(publisher.client, "/packages", tag=tag, limit=limit))
    assert all(len(page) <= limit for page in walked)
    assert ids([item for page in walked for item in page]) == created[::-1]


def test_order_created_is_oldest_first(publisher: Person, tagged: tuple[str, list[str]]) -> None:
    tag, created = tagged
    assert ids(listed(publisher.client, tag=tag, limit=5, order="created")) == created


def test_default_limit_is_50(publisher: Person) -> None:
    tag = unique("tag")
    for _ in range(51):
        publish(publisher.client, tags=[tag])
    walked = list(pages(publisher.client, "/packages", tag=tag))
    assert [len(page) for page in walked] == [50, 1]


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1000000", "abc", "", "1.5", "9" * 400])
@pytest.mark.parametrize("path", ["/packages", "/users", "/package/{id}/audit"])
def test_limit_out_of_bounds_is_422(admin: Person, tagged: tuple[str, list[str]], path: str, limit: str) -> None:
    invalid(admin.client.get(path.format(id=tagged[1][0]), params={"limit": limit}))


def test_link_leads_to_the_next_page(publisher: Person, tagged: tuple[str, list[str]]) -> None:
    tag, created = tagged
    first = first_page(publisher, tag)
    following = publisher.client.get(first.links["next"]["url"])
    assert ids(following.json()["items"]) == created[::-1][5:10]
    last = publisher.client.get(following.links["next"]["url"])
    assert ids(last.json()["items"]) == created[::-1][10:]
    assert last.json()["next_cursor"] is None
    assert "link" not in last.headers


def test_empty_page(publisher: Person) -> None:
    assert first_page(publisher, unique("no-such-tag")).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("cursor", ["x", "!", "a" * 5000, "AAAA.BBBB", "0", "\u6a21"])
def test_invented_cursor_is_422(publisher: Person, cursor: str) -> None:
    invalid(publisher.client.get("/packages", params={"cursor": cursor}))


def test_tampered_cursor_is_422(publisher: Person, tagged: tuple[str, list[str]]) -> None:
    cursor = first_page(publisher, tagged[0]).json()["next_cursor"]
    for position in range(0, len(cursor) - 1, max(1, len(cursor) // 20)):
        changed = "A" if cursor[position] != "A" else "B"
        invalid(first_page(publisher, tagged[0], cursor=cursor[:position] + changed + cursor[position + 1 :]))
    invalid(first_page(publisher, tagged[0], cursor=cursor[:-2]))
    invalid(first_page(publisher, tagged[0], cursor=cursor + "AA"))


def test_cursor_with_other_filters_never_gives_what_they_exclude(
    publisher: Person, tagged: tuple[str, list[str]]
) -> None:
    cursor = first_page(publisher, tagged[0]).json()["next_cursor"]
    others: list[dict[str, str]] = [{"tag": unique()}, {"type": "code"}, {"order": "created"}]
    for parameters in others:
        answer = publisher.client.get("/packages", params={"tag": tagged[0], **parameters, "cursor": cursor})
        if answer.status_code != 200:
            problem(answer, 422)
        elif "order" not in parameters:
            assert answer.json()["items"] == []


def test_cursor_of_one_listing_is_422_in_another(admin: Person, publisher: Person, package: dict[str, str]) -> None:
    publisher.client.patch(f"/package/{package['id']}", json={"description": "second entry"})
    path = f"/package/{package['id']}/audit"
    cursor = admin.client.get(path, params={"limit": 1}).json()["next_cursor"]
    invalid(admin.client.get("/users", params={"cursor": cursor}))


def test_walk_while_entries_come_and_go_sees_lasting_ones_once(publisher: Person) -> None:
    tag = unique("tag")
    created = [publish(publisher.client, tags=[tag])["id"] for _ in range(40)]
    doomed = set(created[1::4])
    for order in ("created", None):
        seen: list[str] = []
        for page in pages(publisher.client, "/packages", tag=tag, limit=3, **({"order": order} if order else {})):
            seen += ids(page)
            publish(publisher.client, tags=[tag])
            if doomed:
                publisher.client.delete(f"/package/{doomed.pop()}")
        assert len(seen) == len(set(seen))
        assert set(created) - set(created[1::4]) <= set(seen)


def test_cursor_whose_entry_was_deleted_goes_on(publisher: Person) -> None:
    tag = unique("tag")
    created = [publish(publisher.client, tags=[tag])["id"] for _ in range(6)]
    page = first_page(publisher, tag, limit=3).json()
    assert publisher.client.delete(f"/package/{page['items'][-1]['id']}").status_code == 204
    rest = first_page(publisher, tag, limit=3, cursor=page["next_cursor"]).json()["items"]
    assert ids(rest) == created[:3][::-1]


@pytest.mark.parametrize("parameters", [{"order": "sideways"}, {"type": "poem"}, {"status": "asleep"}])
def test_unknown_choice_is_422(publisher: Person, parameters: dict[str, str]) -> None:
    invalid(publisher.client.get("/packages", params=parameters))


def test_users_are_paged(admin: Person, publisher: Person, stranger: Person, server: RunningServer) -> None:
    names = [user["name"] for user in listed(admin.client, "/users", limit=2)]
    assert len(names) == len(set(names))
    assert {publisher.name, stranger.name, server.admin_name} <= set(names)
