"""Searching over HTTP, for the tests."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx

from tests.api.support import MAX_PAGES, JsonObject, eventually, ids


def by_regex(client: httpx.Client, regex: str, **members: Any) -> httpx.Response:
    # Escaped to ASCII, so that half a surrogate pair can be sent, too.
    body = json.dumps({"regex": regex, **members}).encode()
    return client.post("/package/byRegEx", content=body, headers={"Content-Type": "application/json"})


def regex_pages(client: httpx.Client, regex: str, **members: Any) -> Iterator[list[JsonObject]]:
    """Every page, by the cursor in the body; the Link header must lead to the same place."""
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        answer = by_regex(client, regex, cursor=cursor, **members)
        assert answer.status_code == httpx.codes.OK, answer.text
        page = answer.json()
        yield page["items"]
        cursor = page["next_cursor"]
        assert (cursor is not None) == ("next" in answer.links)
        if cursor is None:
            return
        assert httpx.URL(urljoin(str(answer.url), answer.links["next"]["url"])).params["cursor"] == cursor
    raise AssertionError(f"{regex} never ends")


def found_ids(client: httpx.Client, regex: str, **members: Any) -> list[str]:
    return [found for page in regex_pages(client, regex, **members) for found in ids(page)]


def search_state(client: httpx.Client) -> str:
    """What readiness says of the search."""
    state: str = client.get("/health/ready").json()["components"]["search"]["status"]
    return state


def wait_until_searchable(client: httpx.Client) -> None:
    eventually(lambda: search_state(client) == "ok")
