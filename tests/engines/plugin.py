"""Fixtures of the engines, and the rule for those that are missing.

Where an engine cannot be had, the tests that use it are left out and one line says so, so that `make test` works on any
machine. In CI (`CI=true`) nothing is left out: those tests run and fail.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import policies
from tests.engines import aws_calls, chromium, dynamodb, iam, nginx, programs, redis, s3
from tests.engines import hub_clients as clients
from tests.engines.hub_clients import VERSIONS, HubClient

FIND_MISSING: dict[str, Callable[[], str | None]] = {
    "dynamodb_endpoint": dynamodb.find_missing,
    "redis_url": redis.find_missing,
    "redis_server": redis.find_missing,
    "s3_endpoint": s3.find_missing,
    "browser": chromium.find_missing,
    "iam_simulator": iam.find_missing,
    "nginx_can_run": nginx.find_missing,
    "hub_clients": clients.find_missing,
    "curl": partial(programs.find_missing, "curl"),
    "sqlite_shell": partial(programs.find_missing, "sqlite3"),
}
"""The fixture that needs an engine, and what tells whether it can be had."""

LONG_FILES = (
    "tests/crash/test_kill9.py",
    "tests/crash/test_releases_kill9.py",
    "tests/hostile/test_survival.py",
    "tests/deploy/test_iam.py",
    "tests/deploy/test_run.py",
    "tests/api/test_receipts.py",
    "tests/web/test_accessibility.py",
    "tests/api/test_schema_fuzz.py",
    "tests/scaled/test_failures.py",
    "tests/crash/test_ingest_kill9.py",
    "tests/crash/test_verdicts_kill9.py",
    "tests/api/test_login_throttling.py",
)
"""Few tests that take long. A process gets one file after the other: these first, lest one runs alone at the end."""

# Each server that a test starts would compile all modules again: 0.6 s of a core.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_left_out = pytest.StashKey[list[str]]()
_denied = pytest.StashKey[list[str]]()
_calls = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()
_LEFT_OUT_BY_WORKER = "left_out"


def _is_worker(config: pytest.Config) -> bool:
    """Whether this process runs a share of the tests for another, as pytest-xdist has it."""
    return hasattr(config, "workeroutput")


def pytest_configure(config: pytest.Config) -> None:
    """Have a folder for the calls of AWS that adapters make, here and in the servers at scale that tests start."""
    if _is_worker(config):
        return  # the folder of the process that started it is in the environment
    config.stash[_calls] = folder = tempfile.TemporaryDirectory(prefix="aws-calls-")
    os.environ[aws_calls.FOLDER] = folder.name


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Keep what a worker left out: each says the same, since each collects all tests."""
    node.config.stash[_left_out] = node.workeroutput.get(_LEFT_OUT_BY_WORKER, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where the template's roles would not allow what was called."""
    if _is_worker(session.config):
        return
    with session.config.stash[_calls] as folder:
        found = aws_calls.recorded(Path(folder))
    os.environ.pop(aws_calls.FOLDER, None)
    session.config.stash[_denied] = denied = policies.denied(found) if found and iam.find_missing() is None else []
    if denied and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _is_worker(config):
        _put_long_files_first(items)
    if os.environ.get("CI") != "true":
        _leave_out(config, items)


def _put_long_files_first(items: list[pytest.Item]) -> None:
    """With --no-loadscope-reorder pytest-xdist hands out files in this order: long ones, then those with most tests."""
    files = {item: item.nodeid.partition("::")[0] for item in items}
    tests = Counter(files.values())
    items.sort(key=lambda item: (files[item] not in LONG_FILES, -tests[files[item]], files[item]))


def _leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    lines = []
    for fixture, find_missing in FIND_MISSING.items():
        users = [item for item in items if fixture in _needs(item)]
        missing = find_missing() if users else None
        if missing is not None:
            lines.append(f"{missing}: {len(users)} tests left out")
            config.hook.pytest_deselected(items=users)
            items[:] = [item for item in items if item not in users]
    config.stash[_left_out] = lines
    if _is_worker(config):
        config.workeroutput[_LEFT_OUT_BY_WORKER] = lines  # type: ignore[attr-defined]


def _needs(item: pytest.Item) -> set[str]:
    """The fixtures that a test asks for by name, or that its parameters will ask for (marker `engines`)."""
    marked = {name for marker in item.iter_markers("engines") for name in marker.args}
    return marked | set(getattr(item, "fixturenames", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_left_out, []):
        terminalreporter.write_line(line, yellow=True)
    for line in config.stash.get(_denied, []):
        terminalreporter.write_line(f"a role in deploy/aws/registry.yaml does not allow: {line}", red=True)


def _require(fixture: str) -> None:
    """Fail the test where what the fixture needs is missing: it was not left out, so this is CI."""
    missing = FIND_MISSING[fixture]()
    if missing is not None:
        pytest.fail(missing)


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    """The URL of a DynamoDB Local that all tests share: each makes a table of its own."""
    _require("dynamodb_endpoint")
    aws_calls.record_calls()
    with dynamodb.running_dynamodb() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis that all tests share: each uses keys of its own."""
    _require("redis_url")
    with redis.running_redis() as server:
        yield server.url


@pytest.fixture
def redis_server() -> Iterator[redis.RedisServer]:
    """A Redis of this test alone, to be stopped, paused and started."""
    _require("redis_server")
    with redis.running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 server that all tests share: each makes a bucket of its own."""
    _require("s3_endpoint")
    aws_calls.record_calls()
    with s3.running_s3() as server:
        yield server.endpoint_url


@pytest.fixture(scope="session")
def nginx_can_run() -> None:
    """nginx can be started; `running_nginx` does it."""
    _require("nginx_can_run")


@pytest.fixture(scope="session")
def iam_simulator() -> None:
    """IAM can be simulated."""
    _require("iam_simulator")


@pytest.fixture(scope="session")
def hub_clients() -> Mapping[str, HubClient]:
    """The Hugging Face clients by version."""
    _require("hub_clients")
    return {version: HubClient(version) for version in VERSIONS}
