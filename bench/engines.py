"""The scaled backend on engines of this machine: DynamoDB Local, versitygw and Redis, as the tests run them."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from bench.report import Row
from bench.servers import ADMIN_PASSWORD
from tests.api.backends import Engines, operate, scaled_settings
from tests.engines import dynamodb, redis, s3
from tests.engines.process import ROOT, accepts_connections, free_port, stop, wait_until

RecordsEngine = Callable[[], AbstractContextManager[str]]


def missing_engines(suite: str) -> bool:
    """Whether an engine cannot be started; reported on stderr."""
    reasons = [reason for engine in (dynamodb, s3, redis) if (reason := engine.find_missing())]
    if reasons:
        sys.stderr.write(f"{suite}: the scaled backend is not measured; {'; '.join(reasons)}\n")
    return bool(reasons)


@contextlib.contextmanager
def scaled_engines(records_engine: RecordsEngine = dynamodb.running_dynamodb) -> Iterator[dict[str, str]]:
    """Settings of an empty registry at scale, whose engines run until the end."""
    with records_engine() as records, s3.running_s3() as stored, redis.running_redis() as shared:
        used = Engines(records, stored.endpoint_url, shared.url)
        settings = scaled_settings(used) | {"REGISTRY_ADMIN_PASSWORD": ADMIN_PASSWORD}
        for group in ("tables", "bucket"):
            operate(settings, group, "create")
        yield settings


@contextlib.contextmanager
def measuring_engine() -> Iterator[str]:
    """The URL of an engine that counts what AWS would charge (see `bench/engine`), in a process of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "bench.engine", str(port)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: accepts_connections(port), process, log=log)
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)


def with_each_backend(suite: str, measure: Callable[[Mapping[str, str]], Iterator[Row]]) -> Iterator[Row]:
    """What `measure` finds with the settings of either backend."""
    yield from measure({})
    if missing_engines(suite):
        return
    with scaled_engines() as settings:
        for row in measure(settings):
            yield replace(row, name=f"{row.name}, at scale")
