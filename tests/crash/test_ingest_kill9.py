"""SIGKILL in the middle of a fetch: the next process finishes it, and nothing of the first try is visible."""

from tests.api.conftest import ServerFactory
from tests.api.support import connect, download, fetch, log_in
from tests.ingest.conftest import served, settled, submitted, upstream_settings
from tests.upstreams.repositories import SHA, HubRepository
from tests.upstreams.server import Fault

LEASE_SECONDS = 2


def test_a_killed_server_s_fetch_is_finished(start: ServerFactory) -> None:
    files = {"a.bin": bytes(range(256)) * 5_000, "b.bin": b"the second file"}
    repository = HubRepository("org/slow", files, large=())
    held = f"/hub/org/slow/resolve/{SHA}/b.bin"
    with served() as upstreams:
        upstreams.pages |= repository.pages()
        upstreams.faults[held] = Fault.SILENT
        server = start(**upstream_settings(upstreams), REGISTRY_INGEST_LEASE_SECONDS=str(LEASE_SECONDS))
        admin = log_in(server.url, server.admin_name, server.admin_password)
        admin.client.close()
        with connect(server.url, admin.token) as client:
            package = submitted(client, "https://huggingface.co/org/slow")
            while upstreams.count(held) == 0:
                pending = fetch(client, package)
            assert pending["status"] == "pending"
            server.kill()
            del upstreams.faults[held]
            server.start()
            # The lease, a look every quarter of it, and what the machine needs.
            package = settled(client, package, timeout_seconds=30)
            assert package["status"] == "active", package
            assert download(client, package).headers["content-length"] == str(package["content"]["size"])
            assert client.get(f"/package/{package['id']}/files", params={"wait": 30}).status_code == 200
            server.sweep()
            assert len(server.blob_files()) == 2  # the content, and the list of its files
