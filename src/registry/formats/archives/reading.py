"""Opening an archive of any kind, and what it says about its package. Runs as an isolated job."""

import io
import os
from collections.abc import Callable, Iterator
from enum import Enum
from typing import IO, BinaryIO

from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.gathering import Gathering
from registry.formats.archives.kinds import SNIFF_BYTES, ArchiveKind, looks_like_archive
from registry.formats.archives.limits import ArchiveLimits, Deadline, LimitReached
from registry.formats.archives.members import Member
from registry.formats.archives.tars import GzipReader, PlainReader, tar_members
from registry.formats.archives.zips import zip_members


class BoundedFile(io.BufferedIOBase):
    """Refuses large reads: readers of archives ask for as much as a header claims. Raises LimitReached."""

    def __init__(self, file: BinaryIO | IO[bytes], *, most_bytes_at_once: int) -> None:
        super().__init__()
        self._file = file
        self._most_bytes_at_once = most_bytes_at_once
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.size - self.tell() if size is None or size < 0 else size
        if wanted > self._most_bytes_at_once:
            raise LimitReached
        return self._file.read(wanted)


def archive_members(file: BoundedFile, *, limits: ArchiveLimits) -> Iterator[Member] | None:
    """The entries of an archive, None where it is no archive."""
    kind = looks_like_archive(file.read(SNIFF_BYTES))
    file.seek(0)
    if kind is ArchiveKind.ZIP:
        return zip_members(file, limits=limits)
    if kind is ArchiveKind.TAR:
        return tar_members(PlainReader(file), limits=limits)
    if kind is ArchiveKind.TAR_GZ:
        return tar_members(GzipReader(file, unpacked_bytes=limits.unpacked_bytes), limits=limits)
    return None


class WalkEnd(Enum):
    """How far a walk came. NO_ARCHIVE: there was nothing to walk over."""

    WHOLE = "whole"
    LIMITED = "limited"
    DAMAGED = "damaged"
    NO_ARCHIVE = "no archive"


def walk(
    content: BinaryIO,
    limits: ArchiveLimits,
    take: Callable[[Member], None],
    *,
    otherwise: Callable[[BoundedFile], Member] | None = None,
) -> WalkEnd:
    """Give every entry of an archive to `take`, within the limits; what is no archive, as `otherwise` makes one of it.

    Raises MemoryError, which says something about this process and nothing about the archive.
    """
    deadline = Deadline(limits.seconds)
    try:
        file = BoundedFile(content, most_bytes_at_once=limits.directory_bytes)
        members = archive_members(file, limits=limits)
        if members is None and otherwise is not None:
            members = iter((otherwise(file),))
        if members is None:
            return WalkEnd.NO_ARCHIVE
        for member in members:
            deadline.remaining_seconds()
            take(member)
    except LimitReached:
        return WalkEnd.LIMITED
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (readers of archives raise all sorts of errors for crafted bytes)
        return WalkEnd.DAMAGED
    return WalkEnd.WHOLE


def read_facts(content: BinaryIO, limits: ArchiveLimits) -> ArchiveFacts:
    """The facts in an archive. Empty for what is no archive, is damaged or holds nothing known.

    Where a limit ends the walk, what was found so far counts.
    """
    gathering = Gathering()
    end = walk(content, limits, gathering.take)
    return ArchiveFacts() if end is WalkEnd.DAMAGED else gathering.facts()
