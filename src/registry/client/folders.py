"""A folder as a zip to publish: stored, in the order of its paths, with fixed times and modes.

The same files give the same bytes, on every machine. Left out are what version control, Python and desktops leave
behind, and what `.registryignore` in the folder names: a pattern a line, as in `.gitignore` (`*.tmp`, `runs/`,
`/cache`, `data/**/raw`, `!keep.tmp`; `#` begins a comment).
"""

import asyncio
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from registry.client.errors import InvalidRequest, Problem
from registry.client.progress import CHUNK_BYTES
from registry.domain.file_paths import danger_of

IGNORE_FILE = ".registryignore"
_ALWAYS = (
    ".git/ .hg/ .svn/ __pycache__/ .ipynb_checkpoints/ .venv/ .mypy_cache/ .pytest_cache/ .ruff_cache/ "
    f"*.pyc .DS_Store Thumbs.db desktop.ini *.registry-part *.registry-part.json {IGNORE_FILE}"
)
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


@dataclass(frozen=True, slots=True)
class _Rule:
    """`parts` are the pattern's names; `floating` where it may begin at any depth."""

    parts: tuple[str, ...]
    floating: bool
    folders_only: bool
    keeps: bool

    @classmethod
    def parse(cls, text: str) -> "_Rule":
        keeps, pattern = text.startswith("!"), text.removeprefix("!")
        folders_only, pattern = pattern.endswith("/"), pattern.rstrip("/")
        floating = "/" not in pattern
        return cls(tuple(pattern.lstrip("/").split("/")), floating, folders_only, keeps)

    def fits(self, names: tuple[str, ...], *, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        return fnmatchcase(names[-1], self.parts[0]) if self.floating else _fit(names, self.parts)


def _fit(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    if not parts or not names:
        return not parts and not names
    if parts[0] == "**":
        return any(_fit(names[skipped:], parts[1:]) for skipped in range(len(names) + 1))
    return fnmatchcase(names[0], parts[0]) and _fit(names[1:], parts[1:])


def list_folder(folder: Path) -> list[tuple[str, Path]]:
    """The files to pack as (path in the zip, file), in order. Links to files are followed, links to folders left out.

    Raises InvalidRequest for an empty folder, or for what is no file or has no text for a name; OSError.
    """
    found = sorted(_walk(folder, (), _rules(folder)))
    if not found:
        raise _unusable(f"{folder} has no files to publish")
    return found


@asynccontextmanager
async def packed(path: Path) -> AsyncIterator[Path]:
    """The file itself; of a folder a temporary zip, called as the folder is. Raises as `list_folder`."""
    name = await asyncio.to_thread(_zip_name, path)
    if name is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="registry-") as place:
        target = Path(place) / name
        await asyncio.to_thread(pack_folder, path, target)
        yield target


def _zip_name(path: Path) -> str | None:
    """What the zip of a folder is called; None where the path is no folder."""
    return f"{path.resolve().name or 'folder'}.zip" if path.is_dir() else None


def pack_folder(folder: Path, target: Path) -> None:
    """Write the zip to the file `target`. Raises as `list_folder`."""
    files = list_folder(folder)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.create_system, entry.external_attr = _UNIX, (stat.S_IFREG | 0o644) << 16
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as member:
                shutil.copyfileobj(source, member, CHUNK_BYTES)


def _rules(folder: Path) -> list[_Rule]:
    rules = [_Rule.parse(text) for text in _ALWAYS.split()]
    try:
        lines = (folder / IGNORE_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return rules
    return rules + [_Rule.parse(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def _walk(folder: Path, names: tuple[str, ...], rules: list[_Rule]) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            below = (*names, entry.name)
            is_folder = entry.is_dir()
            fitting = [rule for rule in rules if rule.fits(below, is_folder=is_folder)]
            if fitting and not fitting[-1].keeps:
                continue
            if is_folder:
                if not entry.is_symlink():
                    yield from _walk(Path(entry.path), below, rules)
            elif not entry.is_file():
                raise _unusable(f"{entry.path} is no file; name it in {IGNORE_FILE} to leave it out")
            else:
                yield _checked("/".join(below)), Path(entry.path)


def _checked(path: str) -> str:
    if not path.isprintable() and any(0xD800 <= ord(character) < 0xE000 for character in path):
        raise _unusable(f"{path!r} cannot be published: its name is not UTF-8; rename it")
    if danger := danger_of(path):
        raise _unusable(f"{path!r} cannot be published: its path {danger}; rename it")
    return path


def _unusable(detail: str) -> InvalidRequest:
    return InvalidRequest(Problem(422, "invalid", "The folder cannot be published", detail))
