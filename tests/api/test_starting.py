"""How a server starts, as the person sees it who starts it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.server import process_environment
from tests.api.support import eventually
from tests.engines.process import free_port

_STOP_SECONDS = 60
SERVE = (sys.executable, "-m", "registry", "serve")


@contextmanager
def _served(folder: Path, *options: str, **environment: str) -> Iterator[tuple[str, list[str]]]:
    """The address of a server with a generated password, and the lines of its banner. It has to end with 0."""
    settings = {"REGISTRY_GITHUB_API_URL": "", "REGISTRY_HUGGINGFACE_URL": "", **environment}
    process = subprocess.Popen(
        [*SERVE, *options], env=process_environment(settings), cwd=folder, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        shown = []
        for line in process.stderr:
            shown.append(line.rstrip())
            if "sign in as" in line:
                break
        places = [place for place, line in enumerate(shown) if "listens on" in line]
        assert places, shown
        banner = shown[places[0] :]
        yield banner[0].split()[-1], banner
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        assert process.returncode == 0


def _refused(*options: str, folder: Path) -> str:
    """The one line with which a server does not start."""
    done = subprocess.run(
        [*SERVE, *options],
        env=process_environment({}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_STOP_SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


def _password_in(banner: list[str]) -> str | None:
    found = re.search(r"with the password (\S+) \(generated", banner[-1])
    return found and found[1]


def test_the_banner_is_true(tmp_path: Path) -> None:
    """It comes once requests are answered, and shows the generated password until another is set."""
    folder, opened = tmp_path / "registry-data", tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}.new" && mv "{opened}.new" "{opened}"\n')
    browser.chmod(0o700)
    with _served(tmp_path, "--port", "0", "--open", BROWSER=f"{browser} %s") as (url, banner):
        assert httpx.get(f"{url}/health", timeout=_STOP_SECONDS).status_code == 200
        password = _password_in(banner)
        assert password == (folder / "admin-password").read_text().strip()

        port = url.rpartition(":")[2]
        line = _refused("--port", port, "--data-dir", "another", folder=tmp_path)
        assert re.fullmatch(rf"registry: port {port} of 127\.0\.0\.1 is in use.*: registry serve --port \d+", line)
        assert not (tmp_path / "another").exists()

        form = {"username": "admin", "password": password}
        token = httpx.post(f"{url}/auth/token", data=form, timeout=_STOP_SECONDS).json()["access_token"]
        changed = httpx.put(
            f"{url}/users/admin/password",
            headers={"Authorization": f"Bearer {token}"},
            json={"current_password": password, "new_password": "another long password"},
            timeout=_STOP_SECONDS,
        )
        assert changed.status_code == 204
        eventually(opened.exists)
        assert opened.read_text().strip() == url
    with _served(tmp_path, "--port", str(free_port()), "--workers", "2") as (url, banner):
        assert httpx.get(f"{url}/health", timeout=_STOP_SECONDS).status_code == 200
        assert _password_in(banner) is None
        assert str(password) not in "\n".join(banner)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "no such host"), "is no address"),
        (("--host", "192.0.2.1"), "is no address of this machine"),
    ],
)
def test_an_address_that_is_none_is_one_line(tmp_path: Path, options: tuple[str, str], told: str) -> None:
    assert told in _refused(*options, folder=tmp_path)
