"""Each permission against each route: 403 without it, never 403 with it; admin implies the rest."""

from collections.abc import Mapping
from typing import NamedTuple

import httpx
import pytest

from tests.api.conftest import UserFactory
from tests.api.support import JsonObject, Person, json_package, metadata, problem, publish, unique

HOLDERS = ("upload", "search", "download", "admin")


class Route(NamedTuple):
    method: str
    path: str
    needed: str
    body: JsonObject | None = None


ROUTES = [
    Route("GET", "/packages?limit=1", "search"),
    Route("GET", "/package/{id}", "search"),
    Route("GET", "/package/{id}/lineage", "search"),
    Route("GET", "/package/{id}/cost", "search"),
    Route("GET", "/package/{id}/audit", "search"),
    Route("GET", "/package/{id}/content", "download"),
    Route("HEAD", "/package/{id}/content", "download"),
    Route("POST", "/package", "upload"),
    Route("PUT", "/package/{id}", "upload"),
    Route("PATCH", "/package/{id}", "upload", {"description": "changed"}),
    Route("DELETE", "/package/{id}", "upload"),
    Route("GET", "/users", "admin"),
    Route("POST", "/users", "admin", {"name": "", "password": "", "permissions": []}),
    Route("PUT", "/users/nobody-of-that-name/permissions", "admin", {"permissions": ["search"]}),
]


def ask(person: Person, route: Route, package: JsonObject) -> httpx.Response:
    body = route.body
    if route.method == "PUT" and "{id}" in route.path:
        body = metadata(name=package["name"], version=package["version"])
    elif route.path == "/package":
        body = json_package()
    return person.client.request(route.method, route.path.format(id=package["id"]), json=body)


def answered(answer: httpx.Response) -> bool:
    """Whether the request was let through; what it then found wrong does not matter here."""
    assert answer.status_code < 500, answer.text
    return answer.status_code not in (401, 403)


@pytest.fixture
def owned(only: Mapping[str, Person]) -> JsonObject:
    """A package whose owner is the user that has `upload` only."""
    return publish(only["upload"].client)


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_route_asks_for_its_permission(
    only: Mapping[str, Person], owned: JsonObject, route: Route, holder: str
) -> None:
    answer = ask(only[holder], route, owned)
    if holder in (route.needed, "admin"):
        assert answered(answer), answer.text
    elif route.method == "HEAD":
        assert answer.status_code == 403
    else:
        problem(answer, 403)


@pytest.mark.parametrize("holder", ["upload", "search", "download"])
def test_reset_is_for_admins(only: Mapping[str, Person], holder: str) -> None:
    problem(only[holder].client.delete("/reset"), 403)


@pytest.mark.parametrize("holder", ["upload", "search", "download"])
def test_deleting_others_is_for_admins(only: Mapping[str, Person], holder: str) -> None:
    problem(only[holder].client.delete(f"/users/{only['admin'].name}"), 403)


def test_admin_alone_can_do_everything(only: Mapping[str, Person]) -> None:
    client = only["admin"].client
    package = publish(client, b"bytes")
    assert client.get(f"/package/{package['id']}/content", follow_redirects=True).content == b"bytes"
    assert client.get("/packages", params={"name": package["name"]}).json()["items"]
    assert client.delete(f"/package/{package['id']}").status_code == 204


def test_permission_change_holds_for_tokens_already_given_out(admin: Person, make_user: UserFactory) -> None:
    user = make_user("search")
    path = f"/users/{user.name}/permissions"
    assert user.client.get("/packages", params={"limit": 1}).status_code == 200
    answer = admin.client.put(path, json={"permissions": ["upload"]})
    assert answer.status_code == 200
    assert answer.json()["permissions"] == ["upload"]
    problem(user.client.get("/packages", params={"limit": 1}), 403)
    assert user.client.post("/package", json=json_package()).status_code == 201
    assert admin.client.put(path, json={"permissions": ["admin"]}).status_code == 200
    assert user.client.get("/users", params={"limit": 1}).status_code == 200
    assert admin.client.put(path, json={"permissions": ["download"]}).status_code == 200
    problem(user.client.get("/users", params={"limit": 1}), 403)
    problem(user.client.post("/package", json=json_package(name=unique())), 403)
