"""Every command writes JSON off a terminal, and on one where `registry --json` asks for it: operators' commands too."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.server import process_environment

COMMANDS = [
    ("settings",),
    ("policy", "check", "policy.toml"),
    ("maintenance", "sweep", "--dry-run"),
    ("maintenance", "scrub"),
    ("names", "check"),
    ("names", "migrate"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operator")
    (folder / "policy.toml").write_text("")
    return folder


def run(folder: Path, *arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    environment = process_environment({"REGISTRY_DATA_DIR": str(folder / "data"), "HOME": str(folder)})
    command = [sys.executable, "-m", "registry", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_pipe_gets_json(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, *command)
    assert done.returncode == 0, done.stderr
    assert documents(done.stdout), done.stderr


def test_a_terminal_gets_it_when_it_is_asked_for_before_the_command(folder: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        done = run(folder, "--json", "policy", "check", "policy.toml", stdout=theirs)
        assert done.returncode == 0, done.stderr
        (found,) = documents(os.read(ours, 65_536).decode())
        assert (found["rules"], found["detail"]) == (0, "0 rules, 0 waivers: valid")
        assert run(folder, "policy", "check", "policy.toml", stdout=theirs).returncode == 0
        assert os.read(ours, 65_536).decode().strip() == "0 rules, 0 waivers: valid"
    finally:
        os.close(ours)
        os.close(theirs)
