"""A registry always has an admin, makes the first one only once, and has a way back in on its machine."""

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer, process_environment
from tests.api.support import ask_token, connect, log_in, problem, unique


def recover(server: RunningServer, password: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "registry", "users", "recover", "--password-stdin"],
        input=f"{password}\n",
        env=process_environment(server.environment),
        cwd=server.data_dir.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_last_admin_stays_whatever_is_tried(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    for answer in (
        admin.client.delete(f"/users/{admin.name}"),
        admin.client.put(f"/users/{admin.name}/permissions", json={"permissions": ["search"]}),
        admin.client.put(f"/users/{admin.name}/permissions", json={"permissions": []}),
    ):
        assert problem(answer, 409)["type"].endswith("/last-admin")

    secret = unique("secret")
    body = {"name": "second", "password": secret, "permissions": ["admin"]}
    assert admin.client.post("/users", json=body).status_code == 201
    second = log_in(server.url, "second", secret)
    pairs = [(admin, "second"), (second, admin.name)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda pair: pair[0].client.delete(f"/users/{pair[1]}"), pairs))
    # The slower one may have lost its account, or the other's removal would have left nobody.
    first, second_status = sorted(answer.status_code for answer in answers)
    assert first == 204
    assert second_status in (401, 403, 404, 409)
    left = [person for person in (admin, second) if person.client.get("/users").status_code == 200]
    assert len(left) == 1
    for person in (admin, second):
        person.client.close()


def test_the_first_admin_is_made_once_and_recovered_on_the_machine(start: ServerFactory) -> None:
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    body = {"name": "other", "password": unique("secret"), "permissions": ["admin"]}
    assert admin.client.post("/users", json=body).status_code == 201
    assert admin.client.delete(f"/users/{admin.name}").status_code == 204

    assert server.stop() == 0
    server.start()

    with connect(server.url) as client:
        problem(ask_token(client, server.admin_name, server.admin_password), 401)
    recovered = unique("secret")
    done = recover(server, recovered)
    assert done.returncode == 0, done.stderr
    back = log_in(server.url, server.admin_name, recovered)
    assert back.client.get("/users").status_code == 200
    for person in (admin, back):
        person.client.close()


def test_recovery_refuses_a_poor_password(start: ServerFactory) -> None:
    server = start()
    for password in ("", "short", "password"):
        done = recover(server, password)
        assert done.returncode in (1, 2)
        assert "password" in done.stderr
        assert "Traceback" not in done.stderr
