"""A missing engine leaves its tests out and says so, but fails them in CI."""

import os
import subprocess
import sys

from tests.engines.process import ROOT

NEEDS_REDIS = "tests/redis/test_connection.py::test_a_restart_is_not_noticed"
NEEDS_NOTHING = "tests/unit/test_circuit.py::test_opens_after_failures_in_a_row_only"


def run_without_programs(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run two tests, one of which needs Redis, where no program can be found."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_asyncio.plugin",
        "-q",
        *options,
        NEEDS_REDIS,
        NEEDS_NOTHING,
    ]
    inherited = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=inherited | {"PATH": "/nowhere", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
        capture_output=True,
        text=True,
    )


def test_on_a_machine_without_the_engine_the_rest_runs() -> None:
    done = run_without_programs()

    assert done.returncode == 0, done.stdout
    assert "redis-server is not installed (.ci/install-engines does it): 1 tests left out" in done.stdout
    assert "1 passed, 1 deselected" in done.stdout


def test_processes_that_share_the_tests_report_it_once() -> None:
    done = run_without_programs("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("redis-server is not installed (.ci/install-engines does it): 1 tests left out") == 1
    assert "1 passed" in done.stdout


def test_in_ci_a_missing_engine_is_a_failure() -> None:
    done = run_without_programs(CI="true")

    assert done.returncode == 1
    assert "redis-server is not installed" in done.stdout
    assert "1 passed, 1 error" in done.stdout
