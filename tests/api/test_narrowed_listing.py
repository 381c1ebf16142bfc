"""Listings and searches by license and by verdict, which no index holds: pages, orders and odd values."""

import httpx

from tests.api.pickles import clean, zipped
from tests.api.searching import found_ids, wait_until_searchable
from tests.api.support import Person, eventually, ids, invalid, listed, publish, unique

_LICENSES = ("MIT", "MIT OR Apache-2.0", "GPL-3.0-only WITH Classpath-exception-2.0", None, "(BSD-3-Clause AND MIT)")
_FOUND = {
    "mit": [0, 1, 4],
    "Apache-2.0": [1],
    "MIT OR Apache-2.0": [1],
    "Classpath-exception-2.0": [2],
    "MI": [],
}


def test_by_license(publisher: Person, anonymous: httpx.Client) -> None:
    wait_until_searchable(anonymous)
    client, tag = publisher.client, unique("tag")
    packages = [publish(client, name=unique("narrowed"), tags=[tag], license=stated) for stated in _LICENSES]
    for wanted, places in _FOUND.items():
        newest_first = ids([packages[place] for place in reversed(places)])
        assert ids(listed(client, tag=tag, license=wanted, limit=1)) == newest_first
        assert ids(listed(client, tag=tag, license=wanted, order="created")) == newest_first[::-1]
        assert found_ids(client, "^narrowed", tag=tag, license=wanted) == newest_first
        assert set(ids(listed(client, "/search", q="narrowed", tag=tag, license=wanted))) == set(newest_first)
    name = packages[1]["name"]
    assert ids(listed(client, name=name, version="latest", license="MIT")) == [packages[1]["id"]]
    assert listed(client, name=name, version="latest", license="BSD-3-Clause") == []


def test_by_verdict(publisher: Person, anonymous: httpx.Client) -> None:
    wait_until_searchable(anonymous)
    client, tag = publisher.client, unique("tag")
    package = publish(client, zipped(model_pkl=clean()), filename="a.zip", name=unique("judged"), tags=[tag])
    # A rating that did not wait for the verdict is made again with it.
    eventually(
        lambda: client.get(f"/package/{package['id']}/rate", params={"wait": 30}).json().get("safety") == "clean"
    )
    for safety, found in (("clean", [package["id"]]), ("suspicious", [])):
        assert ids(listed(client, tag=tag, safety=safety)) == found
        assert found_ids(client, "^judged", tag=tag, safety=safety) == found
        assert ids(listed(client, "/search", q="judged", tag=tag, safety=safety)) == found


def test_what_is_no_verdict_is_refused(publisher: Person) -> None:
    invalid(publisher.client.get("/packages", params={"safety": "good"}), "/safety")
    invalid(publisher.client.get("/packages", params={"license": ""}), "/license")
    for _ in range(2):
        publish(publisher.client)
    cursor = publisher.client.get("/packages", params={"limit": 1}).json()["next_cursor"]
    invalid(publisher.client.get("/packages", params={"license": "MIT", "cursor": cursor}), "/cursor")
