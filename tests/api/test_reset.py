"""DELETE /reset: back to an empty registry with the default admin."""

from collections.abc import Mapping

from tests.api.conftest import ServerFactory
from tests.api.support import (
    ask_token,
    connect,
    json_package,
    listed,
    log_in,
    problem,
    publish,
    send_package,
    unique,
)


def test_reset_leaves_nothing_but_the_admin(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    body = {"name": "someone", "password": unique("secret"), "permissions": ["upload", "search", "admin"]}
    assert admin.client.post("/users", json=body).status_code == 201
    user = log_in(server.url, str(body["name"]), str(body["password"]))
    packages = [publish(user.client, name=f"pkg-{number}") for number in range(5)]
    keyed = json_package()
    key = {"Idempotency-Key": "once"}
    assert user.client.post("/package", json=keyed, headers=key).status_code == 201

    assert admin.client.delete("/reset").status_code == 200

    again = log_in(server.url, server.admin_name, server.admin_password)
    assert listed(again.client) == []
    assert [entry["name"] for entry in listed(again.client, "/users")] == [server.admin_name]
    for package in packages:
        for rest in ("", "/content", "/audit", "/lineage", "/cost"):
            problem(again.client.get(f"/package/{package['id']}{rest}"), 404)
    problem(user.client.get("/packages"), 401)
    with connect(server.url) as client:
        problem(ask_token(client, user.name, user.password), 401)

    # Names, versions and idempotency keys are free again; the registry works on.
    assert publish(again.client, name="pkg-0")["revision"] == 1
    assert again.client.post("/package", json=keyed, headers=key).status_code == 201
    server.sweep()
    assert len(server.stored()) == 2
    for person in (admin, user, again):
        person.client.close()


def test_reset_brings_the_admins_password_back(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    body = {"current_password": admin.password, "new_password": unique("secret")}
    assert admin.client.put(f"/users/{admin.name}/password", json=body).status_code == 204
    changed = log_in(server.url, admin.name, body["new_password"])
    assert changed.client.delete("/reset").status_code == 200
    again = log_in(server.url, server.admin_name, server.admin_password)
    assert send_package(again.client).status_code == 201
    for person in (admin, changed, again):
        person.client.close()
