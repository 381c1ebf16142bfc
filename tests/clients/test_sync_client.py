"""The synchronous client: generated from the asynchronous one, and usable wherever that is not."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.client import Conflict, NewPackage, NotFound, NotSignedIn, RegistryClient, SyncRegistryClient, Unreachable
from registry.client.transport import Retries
from tests.clients import sync_api
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD


def test_it_is_what_the_generator_writes() -> None:
    assert sync_api.TARGET.read_text(encoding="utf-8") == sync_api.generate(), "run: make sync-client"


def test_it_has_all_parts_of_the_asynchronous_client() -> None:
    client = RegistryClient("http://registry.example")
    assert {name for name in vars(client) if not name.startswith("_")} == sync_api.PARTS.keys()


def test_publish_find_fetch(registry_url: str, model: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    def progress(phase: str, *, done: int, total: int) -> None:
        seen.append(phase)

    with SyncRegistryClient(registry_url) as client:
        with pytest.raises(NotSignedIn):
            client.whoami()
        client.login(ADMIN, ADMIN_PASSWORD)
        for number in range(3):
            client.publish(str(model), NewPackage("acme/tiny", f"1.{number}.0", "model"), progress=progress)
        assert [package.version for package in client.packages(page_size=1)] == ["1.2.0", "1.1.0", "1.0.0"]
        assert next(iter(client.packages())).version == "1.2.0"  # a walk that is left early
        client.download(client.resolve("acme/tiny@~1.1.0"), tmp_path / "copy", progress=progress)
        assert (tmp_path / "copy").read_bytes() == model.read_bytes()
        assert set(seen) == {"hash", "upload", "download"}
        assert [user.name for user in client.users.list_all()] == [ADMIN]
        with pytest.raises(Conflict):
            client.publish(model, NewPackage("acme/tiny", "1.0.0", "model"))
        with pytest.raises(NotFound, match=r"It has 1\.2\.0, 1\.1\.0, 1\.0\.0\."):
            client.resolve("acme/tiny@9.0.0")


async def test_a_program_with_a_loop_and_threads_may_use_it(registry_url: str, model: Path) -> None:
    with SyncRegistryClient(registry_url) as client:
        client.login(ADMIN, ADMIN_PASSWORD)
        client.publish(model, NewPackage("acme/tiny", "1.0.0", "model"))
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(client.resolve, ["acme/tiny"] * 8))
        assert {package.version for package in found} == {"1.0.0"}


def test_nothing_is_left_when_nobody_answers() -> None:
    with SyncRegistryClient("http://127.0.0.1:1", retries=Retries(attempts=1)) as client, pytest.raises(Unreachable):
        client.health()
