"""The log of all audit entries: each has a position, names the digest of the one before, and is a leaf of a tree.

An entry's digest covers its canonical JSON: its members in the order of their names, without spaces, in UTF-8. It is
the leaf hash of the tree in `merkle.py`. A checkpoint is the tree's size and root, signed, in the form of a signed note
(C2SP tlog-checkpoint), so that other programs can verify it too.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.domain.documents import format_time
from registry.domain.merkle import HASH_BYTES, TILE_BYTES, Frontier, hashes_in, leaf_hash
from registry.domain.packages import AuditAction, AuditEntry

ORIGIN = "registry audit log"
NO_DIGEST = bytes(HASH_BYTES)
"""Stands for the entry before the first."""
LATENESS = timedelta(hours=1)
"""How much later than its time an entry may get its position, for a search by time to find it."""
_ED25519 = b"\x01"
_KEY_HINT_BYTES = 4


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted. Fields that are None do not restrict; `since` and `until` are included."""

    user: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, entry: AuditEntry) -> bool:
        return (
            self.user in (None, entry.user)
            and self.action in (None, entry.action)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at <= self.until)
        )

    def is_past(self, entry: AuditEntry) -> bool:
        """Whether nothing older than this entry can match."""
        return self.since is not None and entry.at < self.since - LATENESS


def entry_members(entry: AuditEntry, position: int, previous: bytes) -> dict[str, Any]:
    """The members that an entry's digest covers."""
    return {
        "position": position,
        "id": entry.id,
        "package_id": entry.package_id,
        "at": format_time(entry.at),
        "user": entry.user,
        "action": entry.action.value,
        "revision": entry.revision,
        "sha256": entry.sha256,
        "previous": previous.hex(),
    }


def digest_of(members: Mapping[str, Any]) -> bytes:
    """The digest of an entry, from its members (a `digest` among them is left out)."""
    covered = {name: value for name, value in members.items() if name != "digest"}
    return leaf_hash(json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where the log ends: its tree, and the digest of its last entry."""

    frontier: Frontier
    last: bytes

    @classmethod
    def empty(cls) -> "LogHead":
        return cls(Frontier(), NO_DIGEST)

    @property
    def size(self) -> int:
        return self.frontier.size

    def encode(self) -> bytes:
        return b"".join([self.last, *self.frontier.roots])

    @classmethod
    def decode(cls, size: int, encoded: bytes) -> "LogHead":
        last, *roots = hashes_in(encoded)
        return cls(Frontier(size, tuple(roots)), last)


Tiles = dict[tuple[int, int], bytes]
"""Tiles by level and number."""


def right_edge(size: int) -> list[tuple[int, int]]:
    """The tiles that the next entry may change."""
    places: list[tuple[int, int]] = []
    number = size
    while True:
        number //= TILE_BYTES // HASH_BYTES
        places.append((len(places), number))
        if number == 0:
            return places


def appended(head: LogHead, edge: Tiles, entries: Sequence[AuditEntry]) -> tuple[LogHead, Tiles]:
    """The head and the changed tiles after entries were added to the log, of which `edge` holds `right_edge`.

    `entries` are at most as many as the last tile has room for.
    """
    digests, previous = [], head.last
    for position, entry in enumerate(entries, start=head.size):
        previous = digest_of(entry_members(entry, position, previous))
        digests.append(previous)
    number = head.size * HASH_BYTES // TILE_BYTES
    tile = edge.get((0, number), b"") + b"".join(digests)
    changed: Tiles = {(0, number): tile}
    level = 0
    while len(tile) == TILE_BYTES:
        root = Frontier().extended(hashes_in(tile)).root
        level, number = level + 1, number * HASH_BYTES // TILE_BYTES
        tile = edge.get((level, number), b"") + root
        changed[level, number] = tile
    return LogHead(head.frontier.extended(digests), previous), changed


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size of the log and the root of its tree at a moment."""

    size: int
    root: bytes

    @property
    def body(self) -> str:
        """What is signed."""
        return f"{ORIGIN}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def note(self, signature: bytes, public_key: bytes) -> str:
        """The checkpoint as a signed note."""
        signed = base64.b64encode(key_hint(public_key) + signature).decode()
        return f"{self.body}\n\u2014 {ORIGIN.replace(' ', '-')} {signed}\n"


def key_hint(public_key: bytes) -> bytes:
    """The first bytes of a digest of the key, which tell keys apart in a note."""
    named = ORIGIN.replace(" ", "-").encode() + b"\n" + _ED25519 + public_key
    return hashlib.sha256(named).digest()[:_KEY_HINT_BYTES]


def open_note(note: str, public_key: bytes, verify: Callable[[bytes, bytes, bytes], bool]) -> Checkpoint:
    """The checkpoint in a note that this key signed. `verify` takes key, message and signature. Raises ValueError."""
    body, separator, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3 or lines[0] != ORIGIN:
        raise ValueError("this is no checkpoint of an audit log")
    message = f"{body}\n".encode()
    for line in signatures.splitlines():
        signed = base64.b64decode(line.rpartition(" ")[2])
        if signed.startswith(key_hint(public_key)) and verify(public_key, message, signed[_KEY_HINT_BYTES:]):
            return Checkpoint(int(lines[1]), base64.b64decode(lines[2]))
    raise ValueError("the checkpoint was not signed by this key")
