"""Which parts of an upload are there: a file of lines beside the blob's, only ever appended to.

`3 8388608 <etag>` says that the third part is durable, `3` that it is being replaced. A line that a crash cut short
counts for nothing: its part was never acknowledged.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.adapters.filesystem.folders import Fsync
from registry.domain.errors import NotFound, UploadSealed
from registry.ports.parts import StoredPart

JOURNAL_SUFFIX = ".parts"
_MODE = 0o600


def journal_of(blob: Path) -> Path:
    return blob.with_name(blob.name + JOURNAL_SUFFIX)


def journaled(journal: Path) -> Path:
    """The blob that a journal is about."""
    return journal.with_name(journal.name.removesuffix(JOURNAL_SUFFIX))


class PartJournal:
    """The journal of one upload. Blocking calls; any number of threads and processes may append."""

    def __init__(self, blob: Path, *, fsync: Fsync) -> None:
        self._path = journal_of(blob)
        self._fsync = fsync

    def create(self) -> None:
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE))

    def read(self) -> dict[int, StoredPart]:
        """The parts that are there, by number. Raises NotFound."""
        try:
            text = self._path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            raise NotFound("The upload is gone.") from None
        parts: dict[int, StoredPart] = {}
        # Behind the last line break there may be half a line.
        for line in text.split("\n")[:-1]:
            match line.split(" "):
                case [number, size, etag] if number.isdecimal() and size.isdecimal():
                    parts[int(number)] = StoredPart(int(number), int(size), etag)
                case [number] if number.isdecimal():
                    parts.pop(int(number), None)
        return parts

    def forget(self, number: int) -> None:
        """Note that this part's bytes are about to change."""
        self._append(f"{number}")

    def note(self, part: StoredPart) -> None:
        """Note a part whose bytes are durable."""
        self._append(f"{part.number} {part.size} {part.etag}")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep others out of this context, in other processes too. Raises UploadSealed, NotFound."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise NotFound("The upload is gone.") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise UploadSealed("The upload is being completed already.") from None
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _append(self, line: str) -> None:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise NotFound("The upload is gone.") from None
        try:
            # One write, so that lines of several processes do not mix. The break before it ends a line that was cut.
            os.write(descriptor, f"\n{line}\n".encode())
            self._fsync(descriptor)
        finally:
            os.close(descriptor)
