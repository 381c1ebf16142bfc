"""POST /package/byRegEx: what matches, who sees it, pages, mistakes, and changes that are found at once."""

import threading
from itertools import cycle, islice

import httpx
import pytest

from tests.api.searching import by_regex, found_ids, regex_pages, wait_until_searchable
from tests.api.support import (
    JsonObject,
    Person,
    connect,
    eventually,
    ids,
    invalid,
    metadata,
    problem,
    publish,
    unique,
)
from tests.search import hostile


@pytest.fixture(scope="session", autouse=True)
def _searchable(anonymous: httpx.Client) -> None:
    wait_until_searchable(anonymous)


@pytest.mark.parametrize(
    ("regex", "fields", "matches"),
    [
        ("^Aa/{}$", ["name"], True),
        ("{}", ["name"], True),
        ("^{}", ["name"], False),
        ("aA/{}", ["name"], False),
        ("(?i)aA/{}", ["name"], True),
        ("{}$|nothing", ["name"], True),
        ("a/{}", ["readme"], False),
        ("größe {}", ["readme"], True),
        ("gr.{{2}}e {}", ["readme"], True),
        ("(?i)GRÖSSE|GRÖßE {}", ["readme"], True),
        ("^line of {}$", ["readme"], False),
        ("(?m)^line of {}$", ["readme"], True),
        (r"^# Title\n(?s:.*)line of {}\n$", ["readme"], True),
        ("Title.*{}", ["name", "readme"], False),
        ("(?s)Title.*{}", ["name", "readme"], True),
    ],
)
def test_matches_anywhere_in_name_or_readme(publisher: Person, regex: str, fields: list[str], matches: bool) -> None:  # noqa: FBT001
    mark = unique()
    package = publish(publisher.client, name=f"Aa/{mark}", readme=f"# Title\ngröße {mark}\nline of {mark}\n")
    assert found_ids(publisher.client, regex.format(mark), **{"in": fields}) == ([package["id"]] if matches else [])


def test_items_are_packages_as_listings_have_them(publisher: Person) -> None:
    package = publish(publisher.client, readme="# Hello")
    (item,) = by_regex(publisher.client, package["name"]).json()["items"]
    assert item == {key: value for key, value in package.items() if key != "readme"}
    (rated,) = publisher.client.post("/package/byRegEx?include=rating", json={"regex": package["name"]}).json()["items"]
    assert rated == item | {"rating": rated["rating"]}


def test_each_package_is_told_once_newest_first(publisher: Person) -> None:
    mark = unique()
    made = [publish(publisher.client, name=f"{mark}-{n}", readme=f"about {mark}")["id"] for n in range(7)]
    for limit in (1, 3, 7, 200):
        pages = list(regex_pages(publisher.client, mark, limit=limit))
        assert [found for page in pages for found in ids(page)] == made[::-1]
        assert all(len(page) <= limit for page in pages)


def test_limit_and_cursor_of_the_address_win(publisher: Person) -> None:
    mark = unique()
    made = [publish(publisher.client, name=f"{mark}-{n}")["id"] for n in range(4)]
    body = {"regex": mark, "limit": 1}
    first = publisher.client.post("/package/byRegEx", params={"limit": 2}, json=body)
    assert ids(first.json()["items"]) == made[:1:-1]
    following = publisher.client.post(first.links["next"]["url"], json=body | {"cursor": "not this one"})
    assert ids(following.json()["items"]) == made[1::-1]


def test_cursor_belongs_to_its_search(publisher: Person) -> None:
    mark = unique()
    for number in range(2):
        publish(publisher.client, name=f"{mark}-{number}", tags=[mark])
    cursor = by_regex(publisher.client, mark, limit=1).json()["next_cursor"]
    assert cursor is not None
    for other in ({"tag": mark}, {"type": "model"}, {"status": "active"}, {"in": ["name"]}):
        invalid(by_regex(publisher.client, mark, cursor=cursor, **other), "/cursor")
    for changed in ("x", "", cursor[:-4] + "AAAA", "A" * 2048):
        answer = by_regex(publisher.client, mark, cursor=changed)
        assert answer.status_code == 422 or changed == ""
    same = by_regex(publisher.client, mark, cursor=cursor, **{"in": ["readme", "name"]})
    assert same.status_code == 200, "the order of fields and another limit make no other search"


def test_filters_go_together(publisher: Person) -> None:
    mark = unique()
    wanted = publish(publisher.client, name=f"{mark}-a", type="dataset", tags=["t", mark])
    publish(publisher.client, name=f"{mark}-b", type="model", tags=[mark])
    publish(publisher.client, name=f"{mark}-c", type="dataset")
    gone_by = publish(publisher.client, name=f"{mark}-d", type="dataset", tags=[mark])
    publisher.client.patch(f"/package/{gone_by['id']}", json={"status": "deprecated"})
    assert found_ids(publisher.client, mark, type="dataset", status="active", tag=mark) == [wanted["id"]]
    assert found_ids(publisher.client, mark, status="deprecated") == [gone_by["id"]]
    assert len(found_ids(publisher.client, mark, type=None, status=None, tag=None)) == 4


def test_quarantined_are_found_by_owner_and_admins_only(
    admin: Person, publisher: Person, stranger: Person, package: JsonObject
) -> None:
    assert found_ids(stranger.client, package["name"]) == [package["id"]]
    admin.client.patch(f"/package/{package['id']}", json={"status": "quarantined"})
    for person, expected in ((admin, [package["id"]]), (publisher, [package["id"]]), (stranger, [])):
        assert found_ids(person.client, package["name"]) == expected
        assert found_ids(person.client, package["name"], status="quarantined") == expected


def test_own_changes_are_found_at_once(publisher: Person) -> None:
    old, new = unique("old"), unique("new")
    package = publish(publisher.client, readme=f"was {old}")
    path = f"/package/{package['id']}"
    assert found_ids(publisher.client, old) == [package["id"]]
    publisher.client.patch(path, json={"readme": f"is {new}"})
    assert (found_ids(publisher.client, old), found_ids(publisher.client, new)) == ([], [package["id"]])
    replaced = metadata(name=package["name"], readme=f"again {old}")
    assert publisher.client.put(path, json=replaced).status_code == 200
    assert (found_ids(publisher.client, old), found_ids(publisher.client, new)) == ([package["id"]], [])
    publisher.client.delete(path)
    assert found_ids(publisher.client, f"{old}|{package['name']}") == []


@pytest.mark.parametrize(
    ("regex", "position"),
    [("a(b", 1), ("ab)", 2), ("[z-a]", 1), ("é(?=x)", 1), ("a**", 2), (r"(a)\1", 3), ("x{2,1}", 1), ("[ab", 0)],
)
def test_mistakes_name_their_position(publisher: Person, regex: str, position: int) -> None:
    document = invalid(by_regex(publisher.client, regex), "/regex")
    assert document["position"] == position


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/regex"),
        ({"regex": None}, "/regex"),
        ({"regex": 1}, "/regex"),
        ({"regex": "a" * 1001}, "/regex"),
        ({"regex": "(?:.{1000}){50}"}, "/regex"),
        ({"regex": "(" * 400 + ")" * 400}, "/regex"),
        ({"regex": "a", "in": []}, "/in"),
        ({"regex": "a", "in": ["owner"]}, "/in/0"),
        ({"regex": "a", "type": "thing"}, "/type"),
        ({"regex": "a", "status": "gone"}, "/status"),
        ({"regex": "a", "limit": 0}, "/limit"),
        ({"regex": "a", "limit": 201}, "/limit"),
        ({"regex": "a", "limit": "5"}, "/limit"),
        ({"regex": "a", "cursor": 1}, "/cursor"),
        ({"regex": "a", "flags": "i"}, "/flags"),
    ],
)
def test_invalid_bodies_are_422(publisher: Person, body: JsonObject, pointer: str) -> None:
    invalid(publisher.client.post("/package/byRegEx", json=body), pointer)


def test_only_searchers_may_search(anonymous: httpx.Client, only: dict[str, Person]) -> None:
    problem(by_regex(anonymous, "a"), 401)
    for permission, expected in (("search", 200), ("admin", 200), ("upload", 403), ("download", 403)):
        assert by_regex(only[permission].client, "^never found$").status_code == expected


def test_hostile_patterns_are_answered_or_refused_while_reads_go_on(publisher: Person) -> None:
    texts = [text for text in hostile.readmes() if len(text.encode()) <= hostile.README_BYTES]
    package, *_ = [publish(publisher.client, readme=text) for text in texts]
    done = threading.Event()
    reads: list[int] = []

    def read() -> None:
        with connect(str(publisher.client.base_url), publisher.token) as client:
            while not done.is_set():
                reads.append(client.get(f"/package/{package['id']}").status_code)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for pattern in islice(cycle(hostile.PATTERNS), 3, len(hostile.PATTERNS), 5):
            before = len(reads)
            answer = by_regex(publisher.client, pattern)
            assert answer.status_code in (200, 422), (pattern, answer.text)
            eventually(lambda before=before: len(reads) > before)  # type: ignore[misc]
    finally:
        done.set()
        reader.join()
    assert set(reads) == {200}
