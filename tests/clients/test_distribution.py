"""The two distributions: the client by itself, and the service on top of it."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT

NEEDED = {"httpx", "rich", "typer"}
_ALONE = """
import importlib.abc, sys

class OnlyTheClient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {refused}:
            raise ModuleNotFoundError(name + " is not installed with the client", name=name)

sys.path.insert(0, {wheel!r})
sys.meta_path.insert(0, OnlyTheClient())
import registry
assert registry.__file__.startswith({wheel!r})
from registry.cli import main
sys.argv = ["registry", *sys.argv[1:]]
main()
"""


def _project(folder: Path) -> dict[str, object]:
    project: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _names(project: dict[str, object]) -> set[str]:
    dependencies = project["dependencies"]
    assert isinstance(dependencies, list)
    return {re.split(r"[\\[<>=;~ ]", each)[0] for each in dependencies}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of this checkout, unpacked, by the name of the distribution."""
    unpacked = {}
    for folder in (ROOT, ROOT / "client"):
        target = tmp_path_factory.mktemp("wheel")
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
        subprocess.run(build, cwd=folder, check=True, capture_output=True)
        (wheel,) = target.glob("*.whl")
        zipfile.ZipFile(wheel).extractall(target / "files")
        unpacked[str(_project(folder)["name"])] = target / "files"
    return unpacked


def _modules(wheel: Path) -> set[str]:
    return {str(path.relative_to(wheel)) for path in (wheel / "registry").rglob("*") if path.is_file()}


def test_together_they_have_every_file_once(wheels: dict[str, Path]) -> None:
    source = ROOT / "src"
    sources = {str(path.relative_to(source)) for path in (source / "registry").rglob("*") if path.is_file()}
    sources = {name for name in sources if "__pycache__" not in name}
    service, client = _modules(wheels["trusted-registry"]), _modules(wheels["trusted-registry-client"])
    assert service & client == set()
    assert service | client == sources


def test_the_client_works_without_the_service(wheels: dict[str, Path], tmp_path: Path) -> None:
    refused = sorted(_names(_project(ROOT)) - NEEDED | {"re2", "yaml", "jose", "starlette", "argon2"})
    program = _ALONE.format(refused=set(refused), wheel=str(wheels["trusted-registry-client"]))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env={"HOME": str(tmp_path), "COLUMNS": "100"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    shown = run("--help")
    assert shown.returncode == 0, shown.stderr
    assert "publish" in shown.stdout
    assert "serve" not in shown.stdout.split()
    serve = run("serve")
    assert (serve.returncode, "the client alone is installed here" in serve.stderr) == (2, True)
    (tmp_path / "file").write_bytes(b"bytes")
    new = ("--name", "x", "--version", "1.0.0", "--type", "code", "--license", "apache 2")
    published = run("--server", "127.0.0.1:9", "publish", "file", *new)
    assert (published.returncode, published.stderr.partition(":")[0]) == (6, "registry"), published.stderr
    assert "No answer from http://127.0.0.1:9" in published.stderr


def test_the_service_needs_this_very_client() -> None:
    from registry import __version__

    service, client = _project(ROOT), _project(ROOT / "client")
    assert _names(client) == NEEDED
    assert f"{client['name']}=={__version__}" in str(service["dependencies"])


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_locks_name_no_folder_of_a_machine(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "file:" not in text
    assert not re.search(r"^(-e|\.|/)", text, re.MULTILINE)
