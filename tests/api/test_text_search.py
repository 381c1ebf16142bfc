"""GET /search: words, ranks, snippets, similar words, filters and pages."""

import httpx
import pytest

from tests.api.searching import wait_until_searchable
from tests.api.support import JsonObject, Person, ids, invalid, listed, pages, problem, publish, unique


@pytest.fixture(scope="session", autouse=True)
def _searchable(anonymous: httpx.Client) -> None:
    wait_until_searchable(anonymous)


def word() -> str:
    """One that no other test has. Letters only, and nothing like another one."""
    return "".join(chr(ord("g") + int(digit, 16)) for digit in unique("x")[2:])


def search(person: Person, q: str, **parameters: object) -> list[JsonObject]:
    return listed(person.client, "/search", q=q, **parameters)


def test_the_name_counts_most_then_the_description_then_the_readme(publisher: Person) -> None:
    w = word()
    filler = " and other words" * 5
    in_readme = publish(publisher.client, name=unique(), description="a b c", readme=f"about {w}{filler}")
    in_name = publish(publisher.client, name=f"{unique()}/{w}", description="a b c", readme=f"text{filler}")
    in_description = publish(publisher.client, name=unique(), description=f"about {w}", readme=f"text{filler}")
    found = search(publisher, w)
    assert ids(found) == [in_name["id"], in_description["id"], in_readme["id"]]
    scores = [item["match"]["score"] for item in found]
    assert scores == sorted(scores, reverse=True)
    assert not any(item["match"]["similar"] for item in found)


def test_an_item_is_the_package_with_its_match(publisher: Person) -> None:
    w = word()
    package = publish(publisher.client, readme=f"# Größe\nThe <b>{w}</b> 😀 {w.upper()}s run.")
    (item,) = search(publisher, w)
    match = item.pop("match")
    assert item == {key: value for key, value in package.items() if key != "readme"}
    text = match["snippet"]["text"]
    marked = [text[mark["start"] : mark["end"]] for mark in match["snippet"]["highlights"]]
    assert marked == [w, f"{w.upper()}s"]
    assert "<b>" in text, "plain text, as it was published"


def test_all_words_must_occur_and_the_last_may_be_a_beginning(publisher: Person) -> None:
    a, b = word(), word()
    both = publish(publisher.client, description=f"{a} {b}")
    publish(publisher.client, description=a)
    assert ids(search(publisher, f"{b} {a}")) == [both["id"]]
    assert ids(search(publisher, f"{a} {b[:5]}")) == [both["id"]]
    assert ids(search(publisher, f"{a.upper()} {b.title()}!")) == [both["id"]]


def test_typing_errors_find_similar_words(publisher: Person) -> None:
    w = word()
    package = publish(publisher.client, description=f"a {w} model")
    mistyped = w[:8] + "z" + w[9:]
    (item,) = search(publisher, mistyped)
    assert item["id"] == package["id"]
    assert item["match"]["similar"] is True


def test_filters_and_visibility(admin: Person, publisher: Person, stranger: Person) -> None:
    w = word()
    wanted = publish(publisher.client, description=w, type="code", tags=[w])
    publish(publisher.client, description=w, type="model", tags=[w])
    publish(publisher.client, description=w, type="code")
    assert ids(search(publisher, w, type="code", tag=w, status="active")) == [wanted["id"]]
    admin.client.patch(f"/package/{wanted['id']}", json={"status": "quarantined"})
    assert ids(search(publisher, w, status="quarantined")) == [wanted["id"]]
    assert ids(search(admin, w, status="quarantined")) == [wanted["id"]]
    assert search(stranger, w, status="quarantined") == []
    assert len(search(stranger, w)) == 2


def test_pages_tell_each_once(publisher: Person) -> None:
    w = word()
    made = {publish(publisher.client, description=f"{w} " * (number + 1))["id"] for number in range(7)}
    whole = ids(search(publisher, w))
    assert (len(whole), set(whole)) == (7, made)
    for limit in (1, 3):
        found = list(pages(publisher.client, "/search", q=w, limit=limit))
        assert all(len(page) <= limit for page in found)
        assert [item for page in found for item in ids(page)] == whole


def test_changes_are_found_at_once(publisher: Person) -> None:
    old, new = word(), word()
    package = publish(publisher.client, description=old)
    path = f"/package/{package['id']}"
    publisher.client.patch(path, json={"description": new})
    assert ids(search(publisher, new)) == [package["id"]]
    assert search(publisher, old) == []
    publisher.client.delete(path)
    assert search(publisher, new) == []


def test_rating_is_included_when_asked_for(publisher: Person) -> None:
    w = word()
    publish(publisher.client, description=w)
    (item,) = search(publisher, w, include="rating")
    assert item["rating"] is None
    assert item["match"]["similar"] is False


@pytest.mark.parametrize(
    "q", ['"', "AND", "a OR", "NEAR(", "name:x", "*", "-", "a*b", "^x", "{a}", "'; DROP", "ä\u0000"]
)
def test_nothing_in_a_query_is_an_operator(publisher: Person, q: str) -> None:
    answer = publisher.client.get("/search", params={"q": q})
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, "/q"),
        ({"q": ""}, "/q"),
        ({"q": "!?"}, "/q"),
        ({"q": "a" * 201}, "/q"),
        ({"q": "a " * 17}, "/q"),
        ({"q": "a", "type": "thing"}, "/type"),
        ({"q": "a", "limit": "0"}, "/limit"),
        ({"q": "a", "cursor": "x"}, "/cursor"),
        ({"q": "a", "include": "weather"}, "/include"),
    ],
)
def test_invalid_queries_are_422(publisher: Person, parameters: dict[str, str], pointer: str) -> None:
    invalid(publisher.client.get("/search", params=parameters), pointer)


def test_only_searchers_may_search(anonymous: httpx.Client, only: dict[str, Person]) -> None:
    problem(anonymous.get("/search", params={"q": "a"}), 401)
    problem(only["download"].client.get("/search", params={"q": "a"}), 403)
    assert only["search"].client.get("/search", params={"q": "a"}).status_code == 200
