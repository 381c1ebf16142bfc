"""SIGKILL while verdicts are being made: every package has its own in the end, and is quarantined once."""

from tests.api.conftest import ServerFactory
from tests.api.pickles import dangerous
from tests.api.support import connect, fetch, log_in, publish
from tests.api.test_safety import quarantines, verdict

PACKAGES = 12


def test_no_verdict_is_lost_with_its_process(start: ServerFactory) -> None:
    server = start(workers=2, REGISTRY_SCAN_LEASE_SECONDS="2")
    admin = log_in(server.url, server.admin_name, server.admin_password)
    admin.client.close()
    shared = dangerous()
    with connect(server.url, admin.token) as client:
        packages = [publish(client, shared if number % 3 == 0 else dangerous()) for number in range(PACKAGES)]
        server.kill()
        server.start()
        for package in packages:
            assert verdict(client, package)["status"] == "dangerous"
        for package in packages:
            assert fetch(client, package)["status"] == "quarantined"
            assert len(quarantines(client, package)) == 1
