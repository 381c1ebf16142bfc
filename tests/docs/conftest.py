"""One server for all tests of the documentation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.server import RunningServer, server_environment, start_server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(server_environment(tmp_path_factory.mktemp("docs") / "data"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """openapi.yaml."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    return parsed
