"""A table and a bucket that the tests of a module share."""

import os
from collections.abc import Iterator

import pytest

from tests.api.backends import SCALED, backend_settings


@pytest.fixture(scope="module")
def backend(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    dynamodb_endpoint: str,
    s3_endpoint: str,
    redis_url: str,
) -> Iterator[dict[str, str]]:
    """The settings of a backend at scale; they are this process's environment meanwhile."""
    settings = {"REGISTRY_DATA_DIR": str(tmp_path_factory.mktemp("scaled")), **backend_settings(request, SCALED)}
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("REGISTRY_"):
                patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        yield settings
