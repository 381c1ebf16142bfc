"""A download that breaks goes on where it was, and the file is whole."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.api.backends import EMBEDDED
from tests.hub.conftest import Site, World, publish_files, running_site, zipped

_CLIENT_CHUNK_BYTES = 10 * 1024 * 1024
"""Clients from 1.0 on keep what they have in steps of this."""
WEIGHTS = bytes(range(256)) * (48 * 1024)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A registry that serves the bytes itself: what a store serves does not come by the recorder, which cuts it."""
    with running_site(tmp_path_factory.mktemp("transfers") / "data", EMBEDDED, {}) as site:
        publish_files(site, site.name("large"), "1.0.0", zipped({"weights.bin": WEIGHTS}))
        yield site


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    return site.admin.token


def test_an_interrupted_download_is_resumed(world: World) -> None:
    world.recorder.cut_once(after=_CLIENT_CHUNK_BYTES + 512 * 1024)
    found = world.python("large_file", world.site.name("large"), "weights.bin")
    assert world.recorder.cuts == 1
    assert found["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    asked = [each for each in world.recorder.requests if each.method == "GET" and each.path.endswith("weights.bin")]
    assert len(asked) == 2, asked
    assert asked[1].range is not None
    assert asked[1].range.startswith("bytes=")
    assert asked[1].sent_bytes < len(WEIGHTS) / 2
