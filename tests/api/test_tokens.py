"""API tokens: made, listed, revoked, and what ends them."""

import re
from datetime import datetime

import httpx
import pytest

from tests.api.conftest import UserFactory
from tests.api.server import RunningServer
from tests.api.support import TIMESTAMP, JsonObject, Person, connect, eventually, invalid, listed, problem, unique


def make(client: httpx.Client, **members: object) -> JsonObject:
    answer = client.post("/tokens", json={"name": unique("token"), "permissions": ["search"], **members})
    assert answer.status_code == 201, answer.text
    made: JsonObject = answer.json()
    return made


def whoami(server: RunningServer, token: str) -> httpx.Response:
    with connect(server.url, token) as client:
        return client.get("/whoami")


def test_made_token_is_shown_once(server: RunningServer, make_user: UserFactory) -> None:
    user = make_user("search", "upload")
    answer = user.client.post(
        "/tokens",
        json={"name": "ci", "permissions": ["upload", "search"], "packages": ["acme/*"], "expires_in": 3600},
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert set(made) == {"id", "token", "name", "permissions", "packages", "created_at", "expires_at"}
    assert re.fullmatch(r"reg_[0-9A-Za-z]{49}", made["token"])
    assert (made["name"], made["permissions"], made["packages"]) == ("ci", ["search", "upload"], ["acme/*"])
    lifetime = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert lifetime.total_seconds() == 3600

    (entry,) = listed(user.client, "/tokens")
    assert entry == {
        **{k: v for k, v in made.items() if k != "token"},
        "prefix": made["token"][:8],
        "last_used_at": None,
    }
    assert made["token"] not in user.client.get("/tokens").text


def test_defaults(make_user: UserFactory) -> None:
    made = make(make_user("search").client)
    assert (made["packages"], made["expires_at"]) == (["*"], None)


def test_whoami(server: RunningServer, make_user: UserFactory, admin: Person) -> None:
    user = make_user("search", "upload")
    session = user.client.get("/whoami").json()
    assert (session["name"], session["permissions"]) == (user.name, ["search", "upload"])
    assert (session["token"]["kind"], session["token"]["name"], session["token"]["packages"]) == (
        "session",
        None,
        ["*"],
    )
    assert TIMESTAMP.fullmatch(session["token"]["expires_at"])
    made = make(user.client, packages=["a", "b/*"])
    answer = whoami(server, made["token"])
    assert answer.json() == {
        "name": user.name,
        "permissions": ["search"],
        "token": {"kind": "api", "name": made["name"], "packages": ["a", "b/*"], "expires_at": None},
    }
    of_admin = make(admin.client, permissions=["admin"], packages=["acme/*"])
    assert whoami(server, of_admin["token"]).json()["token"]["packages"] == ["*"]
    assert admin.client.delete(f"/tokens/{of_admin['id']}").status_code == 204


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"permissions": []}, "/permissions"),
        ({"permissions": ["fly"]}, "/permissions/0"),
        ({"packages": []}, "/packages"),
        ({"packages": [" a"]}, "/packages/0"),
        ({"packages": ["a"] * 51}, "/packages"),
        ({"expires_in": 0}, "/expires_in"),
        ({"expires_in": 10**12}, "/expires_in"),
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"other": 1}, "/other"),
    ],
)
def test_what_is_no_token_is_refused(publisher: Person, members: JsonObject, pointer: str) -> None:
    body = {"name": "ci", "permissions": ["search"], **members}
    invalid(publisher.client.post("/tokens", json=body), pointer)


def test_nobody_gives_what_they_do_not_have(make_user: UserFactory) -> None:
    user = make_user("search")
    for permissions in (["search", "upload"], ["admin"]):
        problem(user.client.post("/tokens", json={"name": "x", "permissions": permissions}), 403)
    assert listed(user.client, "/tokens") == []


def test_admins_see_and_revoke_those_of_others(
    server: RunningServer, make_user: UserFactory, admin: Person, publisher: Person
) -> None:
    user = make_user("search")
    made = [make(user.client) for _ in range(3)]
    assert [entry["id"] for entry in listed(admin.client, "/tokens", user=user.name, limit=2)] == [
        token["id"] for token in made[::-1]
    ]
    problem(publisher.client.get("/tokens", params={"user": user.name}), 403)
    assert publisher.client.get("/tokens", params={"user": publisher.name}).status_code == 200
    problem(admin.client.get("/tokens", params={"user": "nobody-of-this-name"}), 404)
    problem(publisher.client.delete(f"/tokens/{made[0]['id']}"), 404)
    assert whoami(server, made[0]["token"]).status_code == 200
    assert admin.client.delete(f"/tokens/{made[0]['id']}").status_code == 204
    problem(whoami(server, made[0]["token"]), 401)
    problem(admin.client.delete(f"/tokens/{made[0]['id']}"), 404)


def test_a_token_ends_itself(server: RunningServer, make_user: UserFactory) -> None:
    user = make_user("search")
    made, other = make(user.client), make(user.client)
    with connect(server.url, made["token"]) as client:
        assert client.delete("/auth/token").status_code == 204
        problem(client.get("/whoami"), 401)
    assert whoami(server, other["token"]).status_code == 200
    assert user.client.get("/whoami").status_code == 200


def test_never_more_than_the_owner_has_at_that_moment(
    server: RunningServer, make_user: UserFactory, admin: Person
) -> None:
    user = make_user("search", "upload")
    made = make(user.client, permissions=["search", "upload"])
    path = f"/users/{user.name}/permissions"
    for held, expected in ((["upload"], ["upload"]), ([], []), (["admin"], ["search", "upload"])):
        assert admin.client.put(path, json={"permissions": held}).status_code == 200
        assert whoami(server, made["token"]).json()["permissions"] == expected


def test_password_change_keeps_them_unless_told(server: RunningServer, make_user: UserFactory, admin: Person) -> None:
    user = make_user("search")
    made, path = make(user.client), f"/users/{user.name}/password"
    assert admin.client.put(path, json={"new_password": unique("fresh")}).status_code == 204
    problem(user.client.get("/whoami"), 401)
    assert whoami(server, made["token"]).status_code == 200
    body = {"new_password": unique("fresh"), "revoke_tokens": True}
    assert admin.client.put(path, json=body).status_code == 204
    problem(whoami(server, made["token"]), 401)
    assert listed(admin.client, "/tokens", user=user.name) == []


def test_a_user_created_again_inherits_none(server: RunningServer, make_user: UserFactory, admin: Person) -> None:
    user = make_user("search")
    made = make(user.client)
    assert admin.client.delete(f"/users/{user.name}").status_code == 204
    problem(whoami(server, made["token"]), 401)
    again = {"name": user.name, "password": unique("fresh"), "permissions": ["admin"]}
    assert admin.client.post("/users", json=again).status_code == 201
    problem(whoami(server, made["token"]), 401)
    assert listed(admin.client, "/tokens", user=user.name) == []
    problem(admin.client.delete(f"/tokens/{made['id']}"), 404)


def test_last_use_is_noted(server: RunningServer, make_user: UserFactory) -> None:
    user = make_user("search")
    made = make(user.client)
    assert whoami(server, made["token"]).status_code == 200

    def used() -> JsonObject:
        (entry,) = listed(user.client, "/tokens")
        return entry

    eventually(lambda: used()["last_used_at"] is not None)
    assert TIMESTAMP.fullmatch(used()["last_used_at"])


def test_x_authorization_takes_them_too(server: RunningServer, make_user: UserFactory) -> None:
    made = make(make_user("search").client)
    with connect(server.url) as client:
        assert client.get("/whoami", headers={"X-Authorization": f"bearer {made['token']}"}).status_code == 200
