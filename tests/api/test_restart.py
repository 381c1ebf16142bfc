"""What survives a restart: all of it."""

import signal
from collections.abc import Mapping

import httpx

from tests.api.conftest import ServerFactory
from tests.api.support import (
    connect,
    digest_field,
    download,
    fetch,
    ids,
    json_package,
    listed,
    log_in,
    problem,
    publish,
)

# The shell shows 0, or 143 where the signal is raised again at the end.
ENDED = (0, -signal.SIGTERM)


def test_everything_survives_a_restart(start: ServerFactory, backend: Mapping[str, str]) -> None:
    server = start(**backend)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    first = publish(admin.client, b"first bytes", readme="# First", tags=["kept"])
    packages = [publish(admin.client, tags=["kept"]) for _ in range(4)]
    removed = packages.pop(0)
    admin.client.delete(f"/package/{removed['id']}")
    keyed = json_package()
    answered = admin.client.post("/package", json=keyed, headers={"Idempotency-Key": "once"})
    page = admin.client.get("/packages", params={"tag": "kept", "limit": 2}).json()
    before = admin.client.get(f"/package/{first['id']}")
    revoked = log_in(server.url, server.admin_name, server.admin_password)
    assert revoked.client.delete("/auth/token").status_code == 204
    admin.client.close()

    assert server.stop() in ENDED
    server.start()

    # The token is good, so is the cursor; the revoked token is not.
    with connect(server.url, admin.token) as client:
        rest = client.get("/packages", params={"tag": "kept", "limit": 2, "cursor": page["next_cursor"]}).json()
        assert ids(page["items"] + rest["items"]) == ids([*packages[::-1], first])
        after = client.get(f"/package/{first['id']}")
        assert after.json() == before.json()
        assert after.headers["etag"] == before.headers["etag"]
        got = download(client, first)
        assert got.content == b"first bytes"
        assert got.headers["repr-digest"] == digest_field(b"first bytes")
        problem(client.get(f"/package/{removed['id']}"), 404)
        again = client.post("/package", json=keyed, headers={"Idempotency-Key": "once"})
        assert again.json() == answered.json()
        assert [entry["action"] for entry in listed(client, f"/package/{first['id']}/audit")][-1] == "create"
    problem(revoked.client.get("/packages"), 401)
    revoked.client.close()


def test_term_lets_a_running_download_finish(start: ServerFactory) -> None:
    server = start()
    admin = log_in(server.url, server.admin_name, server.admin_password)
    content = bytes(40_000_000)
    with admin.client as client:
        package = publish(client, content)
        with client.stream("GET", f"/package/{package['id']}/content") as answer:
            chunks = answer.iter_raw(1_000_000)
            received = len(next(chunks))
            process = server.process
            assert process is not None
            process.terminate()
            received += sum(len(chunk) for chunk in chunks)
    assert received == len(content)
    assert server.stop() in ENDED


def test_workers_share_one_folder(start: ServerFactory) -> None:
    server = start(workers=2)
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client as client:
        package = publish(client, b"shared", tags=["shared"])
    for _ in range(20):
        # A new connection each, so that both workers are asked.
        with httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {admin.token}"}, trust_env=False
        ) as own:
            assert fetch(own, package)["id"] == package["id"]
            assert ids(listed(own, tag="shared")) == [package["id"]]
            assert download(own, package).content == b"shared"
    with connect(server.url, admin.token) as client:
        assert client.delete("/auth/token").status_code == 204
    for _ in range(20):
        with connect(server.url, admin.token) as client:
            problem(client.get("/packages"), 401)
