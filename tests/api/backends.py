"""The backends that the API tests run in: settings for a server, and engines where it needs them."""

import asyncio
import itertools
import secrets
import subprocess
import sys
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.table import create_table
from registry.adapters.s3 import ensure_bucket, open_s3
from tests.api.server import process_environment
from tests.engines.aws_calls import recording_environment
from tests.engines.redis import DATABASES
from tests.engines.s3 import ACCESS_KEY, REGION, SECRET_KEY, session
from tests.engines.tables import PATIENT

EMBEDDED = "embedded"
SCALED = "scaled"
ENGINES = ("dynamodb_endpoint", "s3_endpoint", "redis_url")
BACKENDS = (EMBEDDED, pytest.param(SCALED, marks=pytest.mark.engines(*ENGINES)))
"""For `params` of a fixture. A test that runs in the second one is left out where an engine is missing."""

_databases = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Engines:
    """Where the engines are, or the proxies in front of them."""

    dynamodb_url: str
    s3_url: str
    redis_url: str


def engines(request: pytest.FixtureRequest) -> Engines:
    """The engines that all tests share."""
    return Engines(*(request.getfixturevalue(name) for name in ENGINES))


def backend_settings(request: pytest.FixtureRequest, backend: str) -> Mapping[str, str]:
    """Settings of a registry of its own in a backend, with its table and bucket made."""
    if backend == EMBEDDED:
        return {}
    settings = scaled_settings(engines(request))
    # In a thread, for it may be asked for within an event loop; not by the commands, which take seconds to start.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _make_stores(settings)).result()
    return settings


async def _make_stores(settings: Mapping[str, str]) -> None:
    table, url = settings["REGISTRY_DYNAMODB_TABLE"], settings["REGISTRY_DYNAMODB_ENDPOINT_URL"]
    async with open_table(table, endpoint_url=url, session=session(), limits=PATIENT) as opened:
        await create_table(opened)
    async with open_s3(
        settings["REGISTRY_S3_BUCKET"], endpoint_url=settings["REGISTRY_S3_ENDPOINT_URL"], session=session()
    ) as bucket:
        await ensure_bucket(bucket)


def scaled_settings(used: Engines) -> dict[str, str]:
    """Settings of a registry of its own at scale; its table and bucket are not made yet."""
    name = f"registry-{uuid.uuid4().hex}"
    return {
        **recording_environment(),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "REGISTRY_ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "REGISTRY_JWT_SECRET": secrets.token_hex(32),
        "REGISTRY_ENGINE_PATIENCE": "4",  # the engines share a machine with the tests
        "REGISTRY_RECORDS": "dynamodb",
        "REGISTRY_DYNAMODB_TABLE": name,
        "REGISTRY_DYNAMODB_ENDPOINT_URL": used.dynamodb_url,
        "REGISTRY_BLOBS": "s3",
        "REGISTRY_S3_BUCKET": name,
        "REGISTRY_S3_ENDPOINT_URL": used.s3_url,
        "REGISTRY_CACHE": "redis",
        "REGISTRY_JOBS": "redis",
        "REGISTRY_REDIS_URL": f"{used.redis_url.rpartition('/')[0]}/{next(_databases) % DATABASES}",
    }


def operate(settings: Mapping[str, str], *command: str, expected: int = 0) -> str:
    """What a command of the operator's prints; it must end with the exit code `expected`."""
    done = subprocess.run(
        [sys.executable, "-m", "registry", *command],
        env=process_environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr
