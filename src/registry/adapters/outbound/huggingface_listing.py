"""What the Hugging Face Hub lists of a model or dataset at one commit."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from registry.adapters.outbound.answers import MAX_TEXT, as_list, as_object, count, is_path, text, texts
from registry.domain.errors import SourceFailed
from registry.domain.packages import NAME_PATTERN, Dependency
from registry.ports.fetching import FetchError, SourceFacts

_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file and what its bytes must hash to: SHA-256 for large files (LFS), git's own SHA-1 for the others."""

    path: str
    size: int
    digest: str
    is_large: bool


class FileCheck:
    """Compares a file's bytes, as they come in, with what is listed of it."""

    def __init__(self, file: HubFile) -> None:
        self._file = file
        self.received = 0
        git = f"blob {file.size}\0".encode()
        self._hash = hashlib.sha256() if file.is_large else hashlib.sha1(git, usedforsecurity=False)

    def take(self, chunk: bytes) -> None:
        """Raises FetchError when the file is longer than listed."""
        self.received += len(chunk)
        if self.received > self._file.size:
            raise FetchError(f"it is longer than the {self._file.size} bytes that are listed", transient=False)
        self._hash.update(chunk)

    def finish(self) -> None:
        """Raises FetchError when the file is shorter than listed, or another one."""
        if self.received < self._file.size:
            detail = f"{self._file.path} has {self.received} bytes, {self._file.size} are listed"
            raise FetchError(detail, transient=False)
        if self._hash.hexdigest() != self._file.digest:
            raise FetchError(f"{self._file.path} does not have the digest that is listed", transient=False)


def listed_files(members: dict[str, Any]) -> tuple[HubFile, ...]:
    """The files by path. Raises SourceFailed for a listing by which files could not be checked."""
    files = [_file(as_object(entry, "file")) for entry in as_list(members.get("siblings"), "siblings")]
    if len({file.path for file in files}) < len(files):
        raise SourceFailed("the answer lists a file twice")
    return tuple(sorted(files, key=lambda file: file.path.encode()))


def _file(entry: dict[str, Any]) -> HubFile:
    path = text(entry, "rfilename")
    # It becomes a part of an address here, and a path where somebody unpacks the zip.
    if not is_path(path):
        raise SourceFailed(f"the answer lists a file with a bad path: {path[:_SHOWN_CHARACTERS]!r}")
    large = entry.get("lfs")
    if large is not None:
        members = as_object(large, "lfs")
        return HubFile(path, count(members, "size"), _digest(members, "sha256", _SHA256), is_large=True)
    return HubFile(path, count(entry, "size"), _digest(entry, "blobId", _SHA1), is_large=False)


def _digest(members: dict[str, Any], name: str, form: re.Pattern[str]) -> str:
    digest = text(members, name)
    if form.fullmatch(digest):
        return digest
    raise SourceFailed(f"the answer's {name} is no digest")


def source_facts(members: dict[str, Any], sha: str) -> SourceFacts:
    """What the Hub says of it, besides its files."""
    card = members.get("cardData")
    card = card if isinstance(card, dict) else {}
    stated = texts(card.get("license"))
    if stated == ("other",):
        stated = texts(card.get("license_name"))
    described = members.get("description")
    return SourceFacts(
        description=described[:MAX_TEXT].strip() if isinstance(described, str) else "",
        # Of several, nobody says whether all hold or any may be chosen.
        license=stated[0] if len(stated) == 1 else None,
        tags=tuple(tag for tag in texts(members.get("tags")) if ":" not in tag),
        dependencies=tuple(
            Dependency(relation, name)
            for relation, key in (("base_model", "base_model"), ("dataset", "datasets"))
            for name in dict.fromkeys(texts(card.get(key)))
            if NAME_PATTERN.fullmatch(name)
        ),
        revision=sha,
    )
