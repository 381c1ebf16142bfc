"""Packages as Hugging Face clients see them: a name is a repository, a package is a commit, its content are files.

Commits need no index: 32 digits of a commit are the package's UUID, 8 are of a digest over the content and the README.
So a commit leads to its package by one read, and stops to be one when either is replaced.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from registry.domain.names import NamedVersion, latest_of
from registry.domain.packages import Package, PackageStatus

MAIN = "main"
README = "README.md"
COMMIT_PATTERN = re.compile(r"[0-9a-f]{40}")
REPOSITORY_PATTERN = re.compile(r"[A-Za-z0-9_.-]{1,96}(?:/[A-Za-z0-9_.-]{1,96})?")
"""The names that clients accept. They refuse others before any request."""
_ID_DIGITS = 32
_FINGERPRINT_DIGITS = 8


def commit_of(package: Package) -> str:
    """The package's commit: 40 lower-case hex digits, others once its content or its README is replaced."""
    sha256 = package.content.sha256 if package.content else ""
    digest = hashlib.sha256(sha256.encode() + b"\0")
    digest.update((package.readme or "").encode("utf-8", "surrogatepass"))
    return package.id.replace("-", "") + digest.hexdigest()[:_FINGERPRINT_DIGITS]


def package_of(commit: str) -> str:
    """The id of the package that a commit (of the form of COMMIT_PATTERN) would be of."""
    digits = commit[:_ID_DIGITS]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a package's content, as its manifest lists it. `path` is the one in the archive."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository under the path that clients know. `stored` is None for the README of the record."""

    path: str
    size: int
    sha256: str
    stored: StoredFile | None


def files_of(stored: Sequence[StoredFile], readme: str | None) -> dict[str, RepositoryFile]:
    """The files of a repository by path, in order of path.

    A single top folder is left out of the paths. The record's README stands in where the content has none; a
    `readme.md` counts as one, for file systems that ignore case could not hold both.
    """
    top = _top_folder(stored)
    found = [RepositoryFile(file.path[len(top) :], file.size, file.sha256, file) for file in stored]
    if readme is not None and not any(file.path.lower() == README.lower() for file in found):
        data = readme_bytes(readme)
        found.append(RepositoryFile(README, len(data), hashlib.sha256(data).hexdigest(), None))
    return {file.path: file for file in sorted(found, key=lambda file: file.path)}


def readme_bytes(readme: str) -> bytes:
    """The record's README as the file that stands in for one. Lone surrogates, which have no UTF-8, become `?`."""
    return readme.encode("utf-8", "replace")


def _top_folder(stored: Sequence[StoredFile]) -> str:
    """The one folder that holds everything, with its slash; empty where there is none."""
    tops = {file.path.partition("/")[:2] for file in stored}
    if len(tops) != 1:
        return ""
    folder, slash = tops.pop()
    return folder + slash if slash else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tree lists: a file, or (None) a folder."""

    path: str
    file: RepositoryFile | None


def entries_below(files: Mapping[str, RepositoryFile], folder: str, *, recursive: bool) -> list[Entry] | None:
    """What a folder holds (the empty path: all of the repository), in order of path; None where there is none such."""
    begin = f"{folder}/" if folder else ""
    found: dict[str, Entry] = {}
    for path, file in files.items():
        if not path.startswith(begin):
            continue
        parts = path[len(begin) :].split("/")
        for depth in range(1, len(parts)):
            if depth == 1 or recursive:
                inner = begin + "/".join(parts[:depth])
                found.setdefault(inner, Entry(inner, None))
        if len(parts) == 1 or recursive:
            found[path] = Entry(path, file)
    if not found and folder:
        return None
    return [found[path] for path in sorted(found)]


def main_of(versions: Iterable[NamedVersion]) -> NamedVersion | None:
    """What `main` leads to: the latest version; without one, the highest of those that are nearest to being one.

    So a client that asks for `main` hears why it gets nothing: all are deprecated, in quarantine, or not there yet.
    """
    listed = list(versions)
    if (latest := latest_of(listed)) is not None:
        return latest
    for status in (PackageStatus.DEPRECATED, PackageStatus.QUARANTINED, PackageStatus.PENDING, PackageStatus.FAILED):
        those = [replace(named, status=PackageStatus.ACTIVE) for named in listed if named.status is status]
        if (found := latest_of(those)) is not None:
            return replace(found, status=status)
    return None
