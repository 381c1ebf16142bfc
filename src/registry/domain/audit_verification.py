"""Verifying the audit log without the registry: an export against checkpoints, or one entry against one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from registry.domain.audit_log import NO_DIGEST, Checkpoint, digest_of
from registry.domain.merkle import HASH_BYTES, Frontier, proven_root

_SHOWN = 20


class ExportCheck:
    """Takes the entries of an export in any order, then says what is wrong with them.

    Keeps 65 bytes an entry. Entries without a position are `waiting`: no checkpoint covers them yet.
    """

    def __init__(self) -> None:
        self._digests = bytearray()
        self._previous = bytearray()
        self._seen = bytearray()
        self._findings: list[str] = []
        self.waiting = 0

    @property
    def size(self) -> int:
        """How long the log is, as far as the export shows it."""
        return len(self._seen)

    def take(self, entry: Mapping[str, Any]) -> None:
        """Take the next entry. Raises ValueError, KeyError, TypeError for one that is none."""
        position = entry["position"]
        if position is None:
            self.waiting += 1
            return
        digest, previous = digest_of(entry), bytes.fromhex(entry["previous"])
        if type(position) is not int or position < 0 or len(previous) != HASH_BYTES:
            raise ValueError("no position, or no digest of an entry before")
        self._grow(position + 1)
        if self._seen[position]:
            self._findings.append(f"entry {position} is there more than once")
        if digest.hex() != entry["digest"]:
            self._findings.append(f"entry {position} ({entry['id']}) was altered: it does not have its digest")
        self._seen[position] = 1
        place = slice(position * HASH_BYTES, (position + 1) * HASH_BYTES)
        self._digests[place], self._previous[place] = digest, previous

    def findings(self, checkpoints: Sequence[Checkpoint]) -> list[str]:
        """What is wrong, a line each; empty where every entry under the checkpoints is as it was signed."""
        self._grow(max((checkpoint.size for checkpoint in checkpoints), default=0))
        missing = list(self._missing())
        return [*self._findings, *missing, *self._misplaced(), *([] if missing else self._unsigned(checkpoints))]

    def _grow(self, size: int) -> None:
        more = max(0, size - len(self._seen))
        self._seen += bytes(more)
        for hashes in (self._digests, self._previous):
            hashes += bytes(more * HASH_BYTES)

    def _missing(self) -> Iterator[str]:
        begin = self._seen.find(0)
        while begin >= 0:
            end = self._seen.find(1, begin)
            end = self.size if end < 0 else end
            yield f"entry {begin} is missing" if end - begin == 1 else f"entries {begin} to {end - 1} are missing"
            begin = self._seen.find(0, end)

    def _misplaced(self) -> Iterator[str]:
        """Entries that do not name the one before them."""
        shown = 0
        for position in range(self.size):
            if not self._seen[position] or (position and not self._seen[position - 1]):
                continue
            before = self._hash(self._digests, position - 1) if position else NO_DIGEST
            if self._hash(self._previous, position) != before:
                yield f"entry {position} does not follow the one before it: one of the two was altered or moved"
                shown += 1
                if shown == _SHOWN:
                    yield "… and maybe more"
                    return

    def _unsigned(self, checkpoints: Sequence[Checkpoint]) -> Iterator[str]:
        frontier = Frontier()
        for checkpoint in sorted(checkpoints, key=lambda each: each.size):
            more = range(frontier.size, checkpoint.size)
            frontier = frontier.extended(self._hash(self._digests, position) for position in more)
            if frontier.root != checkpoint.root:
                yield f"the first {checkpoint.size} entries are not those that were signed"

    @staticmethod
    def _hash(hashes: bytearray, position: int) -> bytes:
        return bytes(hashes[position * HASH_BYTES : (position + 1) * HASH_BYTES])


def entry_finding(entry: Mapping[str, Any], proof: Iterable[str], checkpoint: Checkpoint) -> str | None:
    """What is wrong with an entry and the proof of its place, None where the checkpoint covers it."""
    position, digest = entry["position"], digest_of(entry)
    path = [bytes.fromhex(each) for each in proof]
    if type(position) is int and proven_root(digest, position, checkpoint.size, path) == checkpoint.root:
        return None
    return f"entry {position} ({entry['id']}) is not what was signed at this place"
