"""What zips and tars have in common: entries with a path, in the order of the archive."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

MAX_PATH_LENGTH = 512
PIECE_BYTES = 1024 * 1024


class MemberKind(Enum):
    FILE = auto()
    FOLDER = auto()
    OTHER = auto()
    """Links, devices, encrypted files and other things that are seen and not read."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of `size` bytes, as the archive says.

    `read` gives at most so many first bytes, None where they cannot be had. `pieces` gives them MiB by MiB and raises
    whatever the reader of a damaged archive raises. Both only until the next entry, and only one of them, once.
    """

    path: str
    kind: MemberKind
    size: int
    read: Callable[[int], bytes | None]
    pieces: Callable[[int], Iterator[bytes]]


def safe_parts(path: str) -> tuple[str, ...] | None:
    """The names from the top folder down, None for a path that no honest tool writes."""
    if len(path) > MAX_PATH_LENGTH or "\\" in path or not path.isprintable():
        return None
    parts = path.removesuffix("/").split("/")
    while parts and parts[0] == ".":
        del parts[0]
    return None if any(part in ("", ".", "..") for part in parts) else tuple(parts)
