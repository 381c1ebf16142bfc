"""Pages and the way to the next."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.requests import Request

from registry.api.paging import listing_name, page_response, position
from registry.domain.errors import InvalidInput
from registry.services.packages.cursors import CursorCodec

CURSORS = CursorCodec(b"a signing key of this test")


def request(query: str, path: str = "/packages") -> Request:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": [], "server": ("x", 80)}
    return Request({**scope, "query_string": query.encode()})


def test_a_listing_is_its_path_and_filters_in_any_order() -> None:
    name = listing_name(request("type=model&tag=a&limit=5&cursor=x&include=rating"))
    assert name == listing_name(request("tag=a&type=model"))
    others = ["tag=a", "tag=a&type=code", "tag=b&type=model", "tag=a%26type%3Dmodel", "tag=a&type=model&type=model"]
    assert name not in {listing_name(request(other)) for other in others}
    assert name != listing_name(request("type=model&tag=a", "/users"))


def test_last_page() -> None:
    answer = page_response(request("limit=2"), CURSORS, [b'{"a":1}', b"2"], None)
    assert json.loads(bytes(answer.body)) == {"items": [{"a": 1}, 2], "next_cursor": None}
    assert "link" not in answer.headers


def test_link_and_cursor_lead_to_the_next_page() -> None:
    asked = request("limit=2&name=a%2Fb%20c&cursor=old&include=rating")
    answer = page_response(asked, CURSORS, [], "here")
    cursor = json.loads(bytes(answer.body))["next_cursor"]
    address, _, relation = answer.headers["link"].partition("; ")
    assert relation == 'rel="next"'
    parts = urlsplit(address.strip("<>"))
    assert parts.path == "/packages"
    assert parse_qs(parts.query) == {
        "limit": ["2"],
        "name": ["a/b c"],
        "include": ["rating"],
        "cursor": [cursor],
    }
    assert position(request(parts.query), CURSORS, cursor) == "here"
    assert position(asked, CURSORS, None) is None
    with pytest.raises(InvalidInput):
        position(request("limit=2&name=other"), CURSORS, cursor)
