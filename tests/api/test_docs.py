"""Swagger UI, ReDoc and the schema: all of it served by the service itself."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from openapi_spec_validator import validate

ROUTES = {
    "/packages": {"get"},
    "/package": {"post"},
    "/package/{id}": {"get", "put", "patch", "delete"},
    "/package/{id}/content": {"get", "head"},
    "/package/{id}/files": {"get"},
    "/package/{id}/files/{path}": {"get"},
    "/uploads": {"post"},
    "/uploads/{id}": {"get", "delete"},
    "/uploads/{id}/parts/{n}": {"put"},
    "/uploads/{id}/complete": {"post"},
    "/package/{id}/lineage": {"get"},
    "/package/{id}/cost": {"get"},
    "/package/{id}/audit": {"get"},
    "/auth/token": {"post", "delete"},
    "/authenticate": {"put"},
    "/users": {"get", "post"},
    "/users/{name}": {"delete"},
    "/users/{name}/permissions": {"put"},
    "/users/{name}/password": {"put"},
    "/health": {"get"},
    "/health/ready": {"get"},
    "/health/components": {"get"},
    "/metrics": {"get"},
    "/reset": {"delete"},
}


class Assets(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        wanted = {"script": "src", "link": "href", "img": "src", "iframe": "src", "redoc": "spec-url"}.get(tag)
        if wanted and (source := values.get(wanted)):
            self.found.append(source)


@pytest.fixture(scope="module")
def schema(anonymous: httpx.Client) -> dict[str, Any]:
    answer = anonymous.get("/openapi.json")
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_page_loads_nothing_from_elsewhere(anonymous: httpx.Client, page: str) -> None:
    answer = anonymous.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assets = Assets()
    assets.feed(answer.text)
    assert [source for source in assets.found if source.endswith(".js") or "js" in source]
    for source in assets.found:
        if source.startswith("data:"):
            continue
        parts = urlsplit(source)
        assert not parts.scheme, source
        assert not parts.netloc, source
        asset = anonymous.get(urljoin(page, source))
        assert asset.status_code == 200, source
        assert asset.content
        if asset.headers["content-type"].startswith("text/css"):
            assert "url(http" not in asset.text.replace('"', "").replace("'", "")
            assert "@import" not in asset.text


def test_schema_is_valid_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    validate(schema)


def shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("path", ROUTES)
def test_schema_has_every_route(schema: dict[str, Any], path: str) -> None:
    described = {shape(known): set(item) for known, item in schema["paths"].items()}
    assert ROUTES[path] <= described[shape(path)]


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method in item.keys() & {"get", "head", "put", "post", "patch", "delete"}:
            yield f"{method} {path}", item[method]


def test_every_request_body_has_an_example(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            described = content.get("schema", {})
            if "$ref" in described:
                described = schema["components"]["schemas"][described["$ref"].rpartition("/")[2]]
            examples = {"example", "examples"} & (content.keys() | described.keys())
            in_members = any(
                {"example", "examples"} & member.keys() for member in described.get("properties", {}).values()
            )
            assert examples or in_members, f"{name} {media_type}"


def test_errors_are_problems(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and "content" in answer:
                assert "application/problem+json" in answer["content"] or (name, status) == ("get /health/ready", "503")


def test_authorize_button_uses_the_password_form(schema: dict[str, Any]) -> None:
    flows = [scheme.get("flows", {}) for scheme in schema["components"]["securitySchemes"].values()]
    (password,) = [flow["password"] for flow in flows if "password" in flow]
    assert urljoin("/", password["tokenUrl"]) == "/auth/token"
