"""Reading members of JSON that a service sent. What has another form than documented is a failure, not a zero."""

from typing import Any

from registry.domain.errors import SourceFailed
from registry.domain.evidence import FileEntry

MAX_TEXT = 2_000
MAX_FILES = 5_000
MAX_COUNT = 2**53


def as_object(value: object, what: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise SourceFailed(f"the answer's {what} is no object")


def as_list(value: object, what: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise SourceFailed(f"the answer's {what} is no list")


def text(members: dict[str, Any], name: str) -> str:
    """A text that must be there."""
    value = members.get(name)
    if isinstance(value, str) and value and len(value) <= MAX_TEXT:
        return value
    raise SourceFailed(f"the answer's {name} is no text")


def is_path(value: str) -> bool:
    """Whether a text can be a relative path, here in an address and where somebody unpacks an archive."""
    return value.isprintable() and "\\" not in value and all(part not in ("", ".", "..") for part in value.split("/"))


def path(members: dict[str, Any], name: str) -> str:
    """A text that must be there and becomes part of an address: it must not lead elsewhere."""
    value = text(members, name)
    if is_path(value):
        return value
    raise SourceFailed(f"the answer's {name} is no path")


def optional_text(value: object) -> str | None:
    """A text that may be missing."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT else None


def texts(value: object) -> tuple[str, ...]:
    """A text, a list of texts, or nothing."""
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items[:500] if isinstance(item, str) and 0 < len(item) <= MAX_TEXT)


def count(members: dict[str, Any], name: str) -> int:
    """A number of things, 0 or more."""
    value = members.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
        return value
    raise SourceFailed(f"the answer's {name} is no count")


def flag(members: dict[str, Any], name: str) -> bool:
    """True or false; false where it is missing."""
    value = members.get(name, False)
    if isinstance(value, bool):
        return value
    raise SourceFailed(f"the answer's {name} is neither true nor false")


def optional_object(members: dict[str, Any], name: str) -> dict[str, Any]:
    """An object that may be missing or null; empty then."""
    value = members.get(name)
    return {} if value is None else as_object(value, name)


def files(entries: list[Any], *, path: str, size: str = "size") -> tuple[FileEntry, ...]:
    """Files from a listing whose entries name them under `path`. An entry of another form is no listing of a file."""
    found = []
    for entry in entries[:MAX_FILES]:
        members = as_object(entry, "file")
        found.append(FileEntry(text(members, path), count(members, size)))
    return tuple(found)
