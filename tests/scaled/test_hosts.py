"""Several hosts on one table: servers that share nothing but the engines."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.api.searching import found_ids, wait_until_searchable
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import eventually, fetch, log_in, publish

FOUND_SECONDS = 2.0


@pytest.fixture
def hosts(backend: dict[str, str], tmp_path: Path) -> Iterator[list[httpx.Client]]:
    """A signed-in client of each of two."""
    with ExitStack() as stack:
        clients = []
        for name in ("one", "other"):
            settings = {**backend, "REGISTRY_DATA_DIR": str(tmp_path / name)}
            server = start_server(server_environment(tmp_path / name, **settings))
            stack.callback(server.stop)
            person = log_in(server.url, server.admin_name, server.admin_password)
            clients.append(stack.enter_context(person.client))
        yield clients


def test_a_change_on_one_host_is_found_on_the_other_and_a_delete_never_lingers(hosts: list[httpx.Client]) -> None:
    one, other = hosts
    for client in hosts:
        wait_until_searchable(client)
    for here, there in ((one, other), (other, one), (one, other)):
        package = publish(here, readme="a needle")
        assert found_ids(here, "needle") == [package["id"]]
        eventually(lambda: found_ids(there, "needle") == [package["id"]], timeout_seconds=FOUND_SECONDS)  # noqa: B023
        assert here.patch(f"/package/{package['id']}", json={"readme": "a thimble"}).status_code == 200
        eventually(lambda: found_ids(there, "thimble") == [package["id"]], timeout_seconds=FOUND_SECONDS)  # noqa: B023
        here.delete(f"/package/{package['id']}")
        for client in hosts:
            assert found_ids(client, "thimble") == []


def test_what_one_host_changes_the_other_reads_at_once(hosts: list[httpx.Client]) -> None:
    one, other = hosts
    package = publish(one)
    for number in range(5):
        changed = one.patch(f"/package/{package['id']}", json={"description": str(number)}).json()
        assert fetch(other, package) == changed


def test_a_new_host_takes_the_snapshot_of_the_search_index(backend: dict[str, str], tmp_path: Path) -> None:
    with ExitStack() as stack:

        def host(name: str, **more: str) -> RunningServer:
            settings = {**backend, "REGISTRY_DATA_DIR": str(tmp_path / name), **more}
            server = start_server(server_environment(tmp_path / name, **settings))
            stack.callback(server.stop)
            return server

        def logged(server: RunningServer, event: str) -> int:
            return server.log_path.read_text(errors="replace").count(event)

        def client_of(server: RunningServer) -> httpx.Client:
            return stack.enter_context(log_in(server.url, server.admin_name, server.admin_password).client)

        one = host("one", REGISTRY_SEARCH_SNAPSHOT_SECONDS="1")
        package = publish(client_of(one), readme="a thimble in the snapshot")
        found_ids(client_of(one), "thimble")
        made = logged(one, "search_snapshot_made")
        eventually(lambda: logged(one, "search_snapshot_made") >= made + 2)
        other = host("other")
        assert logged(other, "search_snapshot_taken") == 1
        assert logged(other, "search_index_filling") == 0
        assert found_ids(client_of(other), "thimble in") == [package["id"]]
