"""The files of a revision under the paths that clients know."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from registry.formats.manifests.entries import FileEntry, Manifest

README = "README.md"
_LAST = "\U0010ffff"
"""No path goes on with anything that comes after this."""


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository. `stored` is None for the README of the record."""

    path: str
    size: int
    sha256: str
    stored: FileEntry | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree lists: a file, or (None) a folder. `key` orders them: a folder comes before all that is in it."""

    path: str
    file: RepositoryFile | None

    @property
    def key(self) -> str:
        return self.path if self.file else f"{self.path}/"


@dataclass(frozen=True, slots=True)
class Layout:
    """What distinguishes a revision's paths from those in its content.

    `top` is the single top folder, with its slash, which is left out; empty where there is none. `readme` is the
    record's README, where the content has none: a `readme.md` counts, for file systems that ignore case could not hold
    both.
    """

    top: str
    readme: RepositoryFile | None


def layout_of(manifest: Manifest, readme: str | None) -> Layout:
    top = _top_folder(manifest)
    if readme is None or _has_readme(manifest, top):
        return Layout(top, None)
    data = readme_bytes(readme)
    return Layout(top, RepositoryFile(README, len(data), hashlib.sha256(data).hexdigest(), None))


def readme_bytes(readme: str) -> bytes:
    """The record's README as the file that stands in for one. Lone surrogates, which have no UTF-8, become `?`."""
    return readme.encode("utf-8", "replace")


def _top_folder(manifest: Manifest) -> str:
    first = next(manifest.entries(), None)
    folder, slash, _ = first.path.partition("/") if first else ("", "", "")
    if not slash:
        return ""
    others = (entry for entry in manifest.entries(after=f"{folder}/{_LAST}") if not entry.path.startswith(f"{folder}/"))
    return f"{folder}/" if next(others, None) is None else ""


def _has_readme(manifest: Manifest, top: str) -> bool:
    wanted = README.lower()
    return any(
        entry.path[len(top) :].lower() == wanted
        for initial in (wanted[0], wanted[0].upper())
        for entry in manifest.entries(prefix=top + initial)
    )


class RepositoryTree:
    """The files and folders of a revision, read from its manifest as they are asked for."""

    def __init__(self, manifest: Manifest, layout: Layout) -> None:
        self.manifest = manifest
        self._top = layout.top
        self._readme = layout.readme

    @property
    def count(self) -> int:
        return self.manifest.files + (self._readme is not None)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.manifest.bytes + (self._readme.size if self._readme else 0)

    def find(self, path: str) -> RepositoryFile | None:
        """The file under this path."""
        if self._readme is not None and path == README:
            return self._readme
        found = self.manifest.find(self._top + path)
        return None if found is None else self._file(found)

    def find_entry(self, path: str) -> Entry | None:
        """The file or folder under this path."""
        if (file := self.find(path)) is not None:
            return Entry(path, file)
        return Entry(path, None) if self._holds(f"{path}/") else None

    def files(self) -> Iterator[RepositoryFile]:
        return (entry.file for entry in self.entries("", recursive=True) if entry.file is not None)

    def entries(self, folder: str, *, recursive: bool, after: str | None = None) -> Iterator[Entry]:
        """What the folder holds (the empty path: the whole), by key, beginning after the key `after`."""
        begin = f"{folder}/" if folder else ""
        stored = self._stored(begin, recursive=recursive, after=after)
        readme = self._readme if not folder and (after is None or after < README) else None
        for entry in stored:
            if readme is not None and readme.path < entry.key:
                yield Entry(README, readme)
                readme = None
            yield entry
        if readme is not None:
            yield Entry(README, readme)

    def _stored(self, begin: str, *, recursive: bool, after: str | None) -> Iterator[Entry]:
        last = after or ""
        prefix, place = self._top + begin, None if after is None else self._top + after
        while True:
            skipped = None
            for found in self.manifest.entries(prefix=prefix, after=place):
                file = self._file(found)
                folders = [file.path[: at + 1] for at in _slashes(file.path, len(begin))]
                for folder in folders[: None if recursive else 1]:
                    # Whatever lies in a folder follows its key, so a key that is not above the last one was listed.
                    if folder > last:
                        last = folder
                        yield Entry(folder[:-1], None)
                if folders and not recursive:
                    skipped = folders[0]
                    break
                last = file.path
                yield Entry(file.path, file)
            if skipped is None:
                return
            last = max(last, skipped)
            place = f"{self._top}{skipped}{_LAST}"

    def _file(self, entry: FileEntry) -> RepositoryFile:
        return RepositoryFile(entry.path[len(self._top) :], entry.size, entry.sha256, entry)

    def _holds(self, begin: str) -> bool:
        return next(self.manifest.entries(prefix=self._top + begin), None) is not None


def _slashes(path: str, start: int) -> Iterator[int]:
    at = path.find("/", start)
    while at >= 0:
        yield at
        at = path.find("/", at + 1)
