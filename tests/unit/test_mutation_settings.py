"""What `make mutants` needs of pyproject.toml: its copy of the repository must hold every file that a test reads."""

import shutil
import subprocess
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mutmut"]
BY_MUTMUT = {"src", "tests", "pyproject.toml"}


def test_the_copy_has_all_that_the_repository_holds() -> None:
    listed = ""  # outside a clone, or without git
    if shutil.which("git"):
        listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False).stdout
    tracked = {path.split("/")[0] for path in listed.splitlines()}
    assert tracked - BY_MUTMUT <= set(SETTINGS["also_copy"])
    assert [name for name in SETTINGS["also_copy"] if not (PROJECT / name).exists()] == []


def test_a_test_left_out_exists() -> None:
    words = SETTINGS["pytest_add_cli_args"]
    path, name = words[words.index("--deselect") + 1].split("::")
    assert f"def {name}(" in (PROJECT / path).read_text()
