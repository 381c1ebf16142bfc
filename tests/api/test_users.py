"""Users: who may add, see, change and remove them, and what that does to their tokens."""

import secrets

import pytest

from tests.api.conftest import UserFactory
from tests.api.server import RunningServer
from tests.api.support import (
    TIMESTAMP,
    Person,
    ask_token,
    connect,
    fetch,
    invalid,
    json_package,
    listed,
    log_in,
    logged_in,
    problem,
    publish,
    unique,
)
from tests.api.uploads import opened, some_bytes


def secret() -> str:
    return secrets.token_urlsafe(12)


def test_added_user_is_answered_without_secrets(admin: Person) -> None:
    password = secret()
    body = {"name": unique("user"), "password": password, "permissions": ["search", "download"]}
    answer = admin.client.post("/users", json=body)
    assert answer.status_code == 201, answer.text
    user = answer.json()
    assert set(user) == {"name", "permissions", "created_at"}
    assert user["name"] == body["name"]
    assert sorted(user["permissions"]) == ["download", "search"]
    assert TIMESTAMP.fullmatch(user["created_at"])
    assert user in listed(admin.client, "/users")


def test_taken_name_is_409_and_changes_nothing(admin: Person, server: RunningServer, make_user: UserFactory) -> None:
    user = make_user("search")
    body = {"name": user.name, "password": secret(), "permissions": ["admin"]}
    problem(admin.client.post("/users", json=body), 409)
    problem(user.client.get("/users"), 403)
    with logged_in(server.url, user.name, user.password) as again:
        assert again.client.get("/packages", params={"limit": 1}).status_code == 200


@pytest.mark.parametrize("name", ["a", "x" * 64, "a.b_c@d-E9", "@", "-"])
def test_good_names(admin: Person, name: str) -> None:
    answer = admin.client.post("/users", json={"name": name, "password": secret(), "permissions": ["search"]})
    assert answer.status_code == 201, answer.text
    assert admin.client.delete(f"/users/{name}").status_code == 204


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a/b", "naïve", "模型", "a\n", "a\0", "a:b", "a%20b", None, 5])
def test_bad_names_are_422(admin: Person, name: object) -> None:
    invalid(admin.client.post("/users", json={"name": name, "password": secret(), "permissions": ["search"]}), "/name")


@pytest.mark.parametrize("permissions", [["fly"], "search", None, [1], [["search"]], ["search", "SEARCH"]])
def test_bad_permissions_are_422(admin: Person, make_user: UserFactory, permissions: object) -> None:
    body = {"name": unique("user"), "password": secret(), "permissions": permissions}
    invalid(admin.client.post("/users", json=body))
    user = make_user("search")
    invalid(admin.client.put(f"/users/{user.name}/permissions", json={"permissions": permissions}))


@pytest.mark.parametrize("member", ["name", "password", "permissions"])
def test_members_are_required(admin: Person, member: str) -> None:
    body = {"name": unique("user"), "password": secret(), "permissions": ["search"]}
    del body[member]
    invalid(admin.client.post("/users", json=body), f"/{member}")


def test_answers_to_users_do_not_repeat_the_password(admin: Person) -> None:
    password = "short" + secrets.token_hex(600)
    body = {"name": unique("user"), "password": password, "permissions": ["search"]}
    answer = admin.client.post("/users", json=body)
    invalid(answer, "/password")
    assert password not in answer.text


def test_permissions_of_an_unknown_user_are_404(admin: Person) -> None:
    problem(admin.client.put(f"/users/{unique('none')}/permissions", json={"permissions": ["search"]}), 404)


def test_permissions_answer_shows_the_user(admin: Person, make_user: UserFactory) -> None:
    user = make_user("search")
    answer = admin.client.put(f"/users/{user.name}/permissions", json={"permissions": ["upload", "download"]})
    assert answer.status_code == 200
    assert sorted(answer.json()["permissions"]) == ["download", "upload"]
    (entry,) = [entry for entry in listed(admin.client, "/users") if entry["name"] == user.name]
    assert sorted(entry["permissions"]) == ["download", "upload"]


def test_deleted_user_is_out_at_once_and_the_packages_stay(
    admin: Person, server: RunningServer, make_user: UserFactory
) -> None:
    user = make_user("upload", "search")
    package = publish(user.client)
    assert admin.client.delete(f"/users/{user.name}").status_code == 204
    problem(user.client.get("/packages"), 401)
    problem(user.client.post("/package", json=json_package()), 401)
    with connect(server.url) as client:
        problem(ask_token(client, user.name, user.password), 401)
    assert fetch(admin.client, package)["created_by"] == user.name
    assert user.name not in {entry["name"] for entry in listed(admin.client, "/users")}
    problem(admin.client.delete(f"/users/{user.name}"), 404)


def test_user_may_delete_themself(admin: Person, make_user: UserFactory) -> None:
    user = make_user("search")
    assert user.client.delete(f"/users/{user.name}").status_code == 204
    problem(user.client.get("/packages"), 401)
    problem(admin.client.put(f"/users/{user.name}/permissions", json={"permissions": ["search"]}), 404)


def test_user_may_not_delete_another(stranger: Person, publisher: Person) -> None:
    problem(stranger.client.delete(f"/users/{publisher.name}"), 403)
    assert publisher.client.get("/packages", params={"limit": 1}).status_code == 200


def test_tokens_of_a_deleted_user_do_not_work_for_the_next_of_that_name(
    admin: Person, server: RunningServer, make_user: UserFactory
) -> None:
    user = make_user("search")
    admin.client.delete(f"/users/{user.name}")
    body = {"name": user.name, "password": user.password, "permissions": ["admin"]}
    assert admin.client.post("/users", json=body).status_code == 201
    problem(user.client.get("/packages"), 401)
    again = log_in(server.url, user.name, user.password)
    with again.client as client:
        assert client.get("/users", params={"limit": 1}).status_code == 200


def test_a_user_created_again_inherits_nothing(admin: Person, server: RunningServer, make_user: UserFactory) -> None:
    """No token, no open upload and no answer of the first user of the name."""
    first = make_user("upload", "search")
    upload = opened(first, some_bytes(100_000))
    keyed, key = json_package(), {"Idempotency-Key": unique("key")}
    assert first.client.post("/package", json=keyed, headers=key).status_code == 201
    assert admin.client.delete(f"/users/{first.name}").status_code == 204
    body = {"name": first.name, "password": first.password, "permissions": ["upload", "search"]}
    assert admin.client.post("/users", json=body).status_code == 201

    problem(first.client.get("/packages"), 401)
    with logged_in(server.url, first.name, first.password) as second:
        for answer in (
            second.client.get(f"/uploads/{upload['id']}"),
            second.client.put(f"/uploads/{upload['id']}/parts/1", content=b"x"),
            second.client.post(f"/uploads/{upload['id']}/complete"),
            second.client.delete(f"/uploads/{upload['id']}"),
        ):
            problem(answer, 404)
        problem(second.client.post("/package", json=keyed, headers=key), 409)
    assert admin.client.delete(f"/uploads/{upload['id']}").status_code == 204
