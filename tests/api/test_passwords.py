"""Passwords: their rules, who may change them, and what becomes of tokens."""

import secrets

import pytest

from tests.api.conftest import UserFactory
from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, invalid, logged_in, problem, unique

COMMON = ["password", "12345678", "123456789", "password1", "qwertyuiop", "iloveyou", "sunshine", "princess"]
TOO_SHORT_OR_LONG = ["", "a", "Xk4-vq9", "Xk4-vq9z" * 128 + "x"]


def new_user(admin: Person, password: object) -> JsonObject:
    return {"name": unique("user"), "password": password, "permissions": ["search"]}


@pytest.mark.parametrize("password", [*COMMON, *TOO_SHORT_OR_LONG, None, 12345678], ids=lambda value: str(value)[:12])
def test_bad_password_is_422(admin: Person, make_user: UserFactory, password: object) -> None:
    invalid(admin.client.post("/users", json=new_user(admin, password)), "/password")


@pytest.mark.parametrize("password", [COMMON[0], *TOO_SHORT_OR_LONG], ids=lambda value: str(value)[:12])
def test_bad_new_password_is_422_and_changes_nothing(make_user: UserFactory, password: str) -> None:
    user = make_user("search")
    body = {"current_password": user.password, "new_password": password}
    invalid(user.client.put(f"/users/{user.name}/password", json=body), "/new_password")
    assert user.client.get("/packages", params={"limit": 1}).status_code == 200


@pytest.mark.parametrize("password", ["Xk4-vq9z", "Xk4-vq9z" * 128, "pass wörd ✓ 密码&=+%", " leading and trailing "])
def test_good_password_logs_in(server: RunningServer, make_user: UserFactory, password: str) -> None:
    user = make_user("search", password=password)
    with logged_in(server.url, user.name, password) as again:
        body = {"user": {"name": user.name, "is_admin": False}, "secret": {"password": password}}
        assert again.client.put("/authenticate", json=body).status_code == 200


def test_passwords_that_share_a_long_beginning_differ(server: RunningServer, make_user: UserFactory) -> None:
    user = make_user("search", password="Xk4-vq9z" * 100 + "right")
    body = {"user": {"name": user.name, "is_admin": False}, "secret": {"password": "Xk4-vq9z" * 100 + "wrong"}}
    problem(user.client.put("/authenticate", json=body), 401)


def test_change_revokes_all_tokens_of_the_user(server: RunningServer, make_user: UserFactory) -> None:
    user, new = make_user("search"), secrets.token_urlsafe(12)
    with logged_in(server.url, user.name, user.password) as second:
        body = {"current_password": user.password, "new_password": new}
        assert user.client.put(f"/users/{user.name}/password", json=body).status_code == 204
        for person in (user, second):
            problem(person.client.get("/packages"), 401)
        old = {"user": {"name": user.name, "is_admin": False}, "secret": {"password": user.password}}
        problem(user.client.put("/authenticate", json=old), 401)
    with logged_in(server.url, user.name, new) as again:
        assert again.client.get("/packages", params={"limit": 1}).status_code == 200


def test_wrong_current_password_is_403_and_changes_nothing(make_user: UserFactory) -> None:
    user = make_user("search")
    body = {"current_password": "not the password", "new_password": secrets.token_urlsafe(12)}
    problem(user.client.put(f"/users/{user.name}/password", json=body), 403)
    assert user.client.get("/packages", params={"limit": 1}).status_code == 200


def test_user_must_give_the_current_password(make_user: UserFactory) -> None:
    user = make_user("search")
    body = {"new_password": secrets.token_urlsafe(12)}
    problem(user.client.put(f"/users/{user.name}/password", json=body), 403, 422)
    assert user.client.get("/packages", params={"limit": 1}).status_code == 200


def test_admin_changes_a_password_without_the_current(
    admin: Person, server: RunningServer, make_user: UserFactory
) -> None:
    user, new = make_user("search"), secrets.token_urlsafe(12)
    answer = admin.client.put(f"/users/{user.name}/password", json={"new_password": new})
    assert answer.status_code == 204
    problem(user.client.get("/packages"), 401)
    assert admin.client.get("/users", params={"limit": 1}).status_code == 200
    with logged_in(server.url, user.name, new) as again:
        assert again.client.get("/packages", params={"limit": 1}).status_code == 200


def test_user_may_not_change_the_password_of_another(
    publisher: Person, stranger: Person, only: dict[str, Person]
) -> None:
    body = {"current_password": publisher.password, "new_password": secrets.token_urlsafe(12)}
    problem(stranger.client.put(f"/users/{publisher.name}/password", json=body), 403)
    problem(only["search"].client.put(f"/users/{publisher.name}/password", json=body), 403)
    assert publisher.client.get("/packages", params={"limit": 1}).status_code == 200


def test_password_of_an_unknown_user_is_404(admin: Person) -> None:
    body = {"new_password": secrets.token_urlsafe(12)}
    problem(admin.client.put(f"/users/{unique('none')}/password", json=body), 404)
