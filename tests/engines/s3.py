"""versitygw, an S3 server that keeps objects as files. `.ci/install-engines` builds it.

Chosen by `tests.engines.s3_calls`; the comparison is in docs/s3-servers.md.
"""

import functools
import os
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aioboto3

from registry.adapters.engine_calls import OnCall, ignore_call
from registry.adapters.s3 import S3BlobStore, S3Bucket, S3Limits, ensure_bucket, open_s3
from tests.engines.process import ENGINES, accepts_connections, free_port, stop, wait_until

PROGRAM = ENGINES / "bin" / "versitygw"
REGION = "us-east-1"
ACCESS_KEY = "testsonly"
SECRET_KEY = "tests-only-secret"


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server: where it is, its process id, and what it has told so far (`log`)."""

    endpoint_url: str
    pid: int
    log: Path


def find_missing() -> str | None:
    """None when the S3 server can run here, else one line that says why not."""
    return None if PROGRAM.exists() else "the S3 server (versitygw) is not installed (.ci/install-engines does it)"


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """A fresh, empty server with versioning, for ACCESS_KEY and SECRET_KEY."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("objects", "versions"):
            (folder / part).mkdir()
        command: list[str | Path] = [
            PROGRAM,
            "--port",
            f"127.0.0.1:{port}",
            "--region",
            REGION,
            "--quiet",
            "--keep-alive",
        ]
        command += ["posix", "--versioning-dir", folder / "versions", folder / "objects"]
        keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=os.environ | keys, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: accepts_connections(port), process, log=log)
            yield S3Server(f"http://127.0.0.1:{port}", process.pid, log)
        finally:
            stop(process)


@functools.cache
def session() -> aioboto3.Session:
    """A session with the keys of `running_s3`, whatever the environment holds."""
    return aioboto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)


async def stored_in_bucket(settings: Mapping[str, str]) -> list[str]:
    """Every blob, whole or unfinished, in the bucket of a registry with these settings."""
    name, url = settings["REGISTRY_S3_BUCKET"], settings["REGISTRY_S3_ENDPOINT_URL"]
    async with open_s3(name, endpoint_url=url, session=session()) as bucket:
        return [blob.key async for blob in S3BlobStore(bucket).list_blobs()]


@asynccontextmanager
async def fresh_bucket(
    endpoint_url: str, *, on_call: OnCall = ignore_call, limits: S3Limits | None = None, direct: bool = True
) -> AsyncIterator[S3Bucket]:
    """An empty bucket of its own."""
    name = f"test-{uuid.uuid4().hex}"
    async with open_s3(
        name, endpoint_url=endpoint_url, session=session(), on_call=on_call, limits=limits, direct=direct
    ) as bucket:
        await ensure_bucket(bucket)
        yield bucket
