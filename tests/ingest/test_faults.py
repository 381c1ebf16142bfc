"""What can go wrong on the way: it is mended where that is right, and else the package says why it failed."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from registry.ports.blobs import CHUNK_BYTES
from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import (
    connect,
    download,
    eventually,
    fetch,
    log_in,
    metadata,
    problem,
    publish,
    sha256_hex,
    unique,
)
from tests.ingest.conftest import MAX_PACKAGE_BYTES, ingested, upstream_settings
from tests.upstreams.pages import Page
from tests.upstreams.repositories import SHA, HubRepository
from tests.upstreams.server import Fault, Upstreams

FILE = "model.safetensors"


def small(files: dict[str, bytes] | None = None, **members: Any) -> HubRepository:
    return HubRepository(unique("org/small"), files or {FILE: bytes(range(256)) * 10}, large=(FILE,), members=members)


def place(repository: HubRepository, path: str = FILE) -> str:
    return f"/hub/{repository.id}/resolve/{SHA}/{path}"


def failed(client: httpx.Client, source_url: str) -> str:
    """Why the package that is published by this URL failed. It must have no content then."""
    package = ingested(client, source_url)
    assert package["status"] == "failed", package
    assert package["content"] is None
    problem(download(client, package), 409)
    return str(package["status_reason"])


def url(repository: HubRepository) -> str:
    return f"https://huggingface.co/{repository.id}"


def test_a_cut_is_continued_where_it_was(client: httpx.Client, upstreams: Upstreams) -> None:
    repository = small({FILE: bytes(range(250)) * 8_000})
    upstreams.pages |= repository.pages()
    # The second break comes early, so that nothing is won by that attempt.
    upstreams.cuts[place(repository)] = [1_500_000, 100]
    package = ingested(client, url(repository))
    assert package["status"] == "active", package
    ranges = [headers.get("range") for _, path, headers, _ in upstreams.requests if path == place(repository)]
    assert ranges == [None, f"bytes={CHUNK_BYTES}-", f"bytes={CHUNK_BYTES}-"]
    whole = small(dict(repository.files))
    upstreams.pages |= whole.pages()
    assert ingested(client, url(whole))["content"]["sha256"] == package["content"]["sha256"]


def test_a_busy_service_is_asked_again_when_it_says(client: httpx.Client, upstreams: Upstreams) -> None:
    upstreams.pages["/busy/a.bin"] = Page(b"", 429, {"Retry-After": "1"})
    answer = client.post("/package", json=metadata(source_url=f"{upstreams.base_url}/busy/a.bin"))
    identity = answer.json()["id"]
    eventually(lambda: "answered 429" in fetch(client, {"id": identity}).get("status_reason", ""))
    assert fetch(client, {"id": identity})["status"] == "pending"
    upstreams.pages["/busy/a.bin"] = Page(b"at last")
    eventually(lambda: fetch(client, {"id": identity})["status"] == "active")
    assert fetch(client, {"id": identity})["content"]["sha256"] == sha256_hex(b"at last")


def test_other_bytes_than_listed_are_refused(client: httpx.Client, upstreams: Upstreams) -> None:
    for path, large in ((FILE, (FILE,)), ("config.json", ())):
        repository = HubRepository(unique("org/small"), {path: b"0123456789"}, large=large)
        upstreams.pages |= repository.pages()
        upstreams.pages[place(repository, path)] = Page(b"0123456780")
        assert failed(client, url(repository)) == f"{path} does not have the digest that is listed"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"012345678", f"{FILE} has 9 bytes, 10 are listed"),
        (b"0123456789a", f"{FILE}: it is longer than the 10 bytes that are listed"),
    ],
)
def test_another_length_than_listed_is_refused(
    client: httpx.Client, upstreams: Upstreams, sent: bytes, reason: str
) -> None:
    repository = small({FILE: b"0123456789"})
    upstreams.pages |= repository.pages()
    upstreams.pages[place(repository)] = Page(sent)
    assert failed(client, url(repository)) == reason


def test_what_is_not_there_says_so(client: httpx.Client, upstreams: Upstreams) -> None:
    missing = small()
    assert failed(client, url(missing)).startswith("Hugging Face has nothing at /hub/api/models/org/small")
    half = small()
    upstreams.pages |= half.pages()
    upstreams.faults[place(half)] = Fault.MISSING
    assert failed(client, url(half)) == f"{FILE}: 127.0.0.1 answered 404"


def test_too_large_is_known_before_a_file_is_fetched(client: httpx.Client, upstreams: Upstreams) -> None:
    repository = small()
    [listed] = repository.siblings()
    listed["lfs"]["size"] = MAX_PACKAGE_BYTES + 1
    repository = replace(repository, members={"siblings": [listed]})
    upstreams.pages |= repository.pages()
    assert failed(client, url(repository)) == "its files have 4,000,001 bytes; at most 4,000,000 are taken"
    assert upstreams.count(place(repository)) == 0


def test_a_file_of_unknown_size_is_stopped_at_the_limit(
    client: httpx.Client, upstreams: Upstreams, registry: RunningServer
) -> None:
    upstreams.pages["/large/a.bin"] = Page(b"x" * (MAX_PACKAGE_BYTES + 1))
    before = len(registry.stored())
    assert failed(client, f"{upstreams.base_url}/large/a.bin") == "The content is larger than 4000000 bytes."
    assert len(registry.stored()) == before


def test_too_many_files_are_refused(client: httpx.Client, upstreams: Upstreams) -> None:
    empty = HubRepository("x/y", {"a": b""}, large=()).siblings()[0]
    repository = small(siblings=[{**empty, "rfilename": f"{number}"} for number in range(10_001)])
    upstreams.pages |= repository.pages()
    assert failed(client, url(repository)) == "it has 10,001 files; at most 10,000 are taken"


def test_services_on_private_addresses_are_not_contacted(start: ServerFactory, upstreams: Upstreams) -> None:
    """Not even those that the settings name: every host is judged alike."""
    server = start(**upstream_settings(upstreams) | {"REGISTRY_ALLOW_PRIVATE_TARGETS": "false"})
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with connect(server.url, admin.token) as client:
        before = len(upstreams.requests)
        for source_url in ("https://huggingface.co/org/tiny", "https://github.com/octo/tiny", upstreams.base_url):
            described = metadata(source_url=source_url)
            problem(client.post("/package", json=described), 422)
        assert publish(client)["status"] == "active"
    assert len(upstreams.requests) == before
    admin.client.close()
