"""A download that breaks goes on where it was, and the file is whole: served by the registry, or by its store."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.api.backends import BACKENDS, SCALED, backend_settings, engines
from tests.api.support import eventually
from tests.hub.conftest import Site, World, publish_files, running_site, zipped
from tests.hub.recorder import Recorder, recording

_CLIENT_CHUNK_BYTES = 10 * 1024 * 1024
"""Clients from 1.0 on keep what they have in steps of this."""
WEIGHTS = bytes(range(256)) * (48 * 1024)


@dataclass(frozen=True, slots=True)
class Source:
    """What sends the bytes, seen by a recorder; None where that is the registry itself."""

    backend: str
    store: Recorder | None


@pytest.fixture(scope="module", params=BACKENDS)
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    """At scale clients are redirected to the store, which they reach by a recorder of its own."""
    with contextlib.ExitStack() as stack:
        scaled = request.param == SCALED
        store = stack.enter_context(recording(engines(request).s3_url)) if scaled else None
        yield Source(request.param, store)


@pytest.fixture(scope="module")
def site(source: Source, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = dict(backend_settings(request, source.backend))
    if source.store is not None:
        settings["REGISTRY_S3_PUBLIC_ENDPOINT_URL"] = source.store.url
    with running_site(tmp_path_factory.mktemp("transfers") / "data", source.backend, settings) as site:
        publish_files(site, site.name("large"), "1.0.0", zipped({"weights.bin": WEIGHTS}))
        if source.store is not None:
            eventually(lambda: is_redirected(site))
        yield site


def is_redirected(site: Site) -> bool:
    """Whether the file of the archive has become an object of its own. The first request for it makes it one."""
    address = f"/hf/{site.name('large')}/resolve/main/weights.bin"
    with site.admin.client.stream("GET", address, follow_redirects=False) as answer:
        return answer.status_code == 307


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.admin.token


def test_an_interrupted_download_is_resumed(source: Source, world: World) -> None:
    recorder = source.store or world.recorder
    before, cuts = len(recorder.requests), recorder.cuts
    recorder.cut_once(after=_CLIENT_CHUNK_BYTES + 512 * 1024)
    found = world.python("large_file", world.site.name("large"), "weights.bin")
    assert recorder.cuts == cuts + 1
    assert found["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    asked = [each for each in recorder.requests[before:] if each.method == "GET" and each.status in (200, 206)]
    if source.store is None:
        asked = [each for each in asked if each.path.endswith("weights.bin")]
    assert len(asked) == 2, asked
    assert asked[1].status == 206
    assert asked[1].range is not None
    assert asked[1].range.startswith("bytes=")
    assert asked[1].sent_bytes < len(WEIGHTS) / 2
    # At scale, not a byte of the file came from the registry.
    of_registry = [each for each in world.recorder.requests if each.method == "GET" and "/resolve/" in each.path]
    assert (source.store is None) == any(each.status in (200, 206) for each in of_registry)
