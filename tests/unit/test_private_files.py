"""What the embedded storage backend writes is for its owner's eyes only."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.composition import open_registry
from registry.domain.accounts import Permission
from registry.services.accounts.bootstrap import Bootstrap
from registry.settings import Settings


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody may use, for a process that takes no rights from anybody."""
    before = os.umask(0)
    folder = tmp_path / "data"
    folder.mkdir(mode=0o777)
    yield folder
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


async def test_no_file_is_open_to_others_whatever_the_umask(wide: Path) -> None:
    settings = Settings(data_dir=wide, github_api_url="", huggingface_url="")
    async with open_registry(settings) as running:
        assert isinstance(running.bootstrap, Bootstrap)
        await running.services.accounts.add_user("alice", "correct horse battery", frozenset({Permission.UPLOAD}))
        assert {"registry.db", "registry.db-wal", "registry.db-shm", "throttle.db", "admin-password"} <= files_in(wide)
        assert open_to_others(wide) == []


async def test_rights_that_others_had_are_taken_from_them(wide: Path) -> None:
    settings = Settings(data_dir=wide, github_api_url="", huggingface_url="")
    async with open_registry(settings):
        pass
    for name in files_in(wide):
        (wide / name).chmod(0o666)
    (wide / "registry.db-wal").touch(mode=0o666)
    assert open_to_others(wide)
    async with open_registry(settings):
        assert open_to_others(wide) == []
