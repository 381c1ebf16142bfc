"""`registry publish --url … --wait`, against a real server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.api.server import RunningServer, process_environment
from tests.api.support import unique
from tests.upstreams.pages import Page
from tests.upstreams.server import Upstreams


def published(registry: RunningServer, client: httpx.Client, url: str, folder: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    environment = process_environment({"REGISTRY_SERVER": registry.url, "REGISTRY_TOKEN": token})
    given = ["--name", unique(), "--version", "1.0.0", "--type", "model", "--url", url, "--wait"]
    done = subprocess.run(
        [sys.executable, "-m", "registry", "publish", *given],
        env={**os.environ, **environment, "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_it_waits_until_the_package_is_there(
    registry: RunningServer, client: httpx.Client, upstreams: Upstreams, tmp_path: Path
) -> None:
    upstreams.pages["/waited/a.bin"] = Page(b"bytes")
    code, out, err = published(registry, client, f"{upstreams.base_url}/waited/a.bin", tmp_path)
    assert (code, json.loads(out)["status"]) == (0, "active"), err


def test_it_fails_when_the_registry_gives_up(
    registry: RunningServer, client: httpx.Client, upstreams: Upstreams, tmp_path: Path
) -> None:
    upstreams.pages["/waited/none.bin"] = Page(b"", 404)
    code, out, err = published(registry, client, f"{upstreams.base_url}/waited/none.bin", tmp_path)
    assert (code, out) == (5, "")
    assert "127.0.0.1 answered 404" in err
