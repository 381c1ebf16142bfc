"""What a package's stored content shows to a rating: a bounded walk over it in a thread."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from typing import IO

import structlog

from registry.domain.errors import NotFound, RegistryError
from registry.domain.evidence import ArchiveFacts
from registry.domain.packages import Content, Package
from registry.formats.archives.limits import ArchiveLimits, Deadline, LimitReached
from registry.formats.archives.members import PIECE_BYTES, Member, MemberKind, safe_parts
from registry.formats.inspection import Inspection, InspectionLimits
from registry.ports.blobs import BlobStore
from registry.services.packages.archive_reading import archive_members
from registry.services.packages.blob_file import BlobFile, BoundedReader

_log = structlog.get_logger()
_MIB = 1024 * 1024
_IN_MEMORY_BYTES = 8 * _MIB
_CONCURRENT_WALKS = 2
WALK_LIMITS = ArchiveLimits(seconds=60.0, members=20_000, unpacked_bytes=2048 * _MIB)
"""A rating runs in the background, so it may look further than a publish does."""


class StoredArchiveInspector:
    """Implements ArchiveInspector over stored blobs. A file that is no archive is looked at as it is."""

    def __init__(
        self, blobs: BlobStore, *, limits: ArchiveLimits = WALK_LIMITS, inspection: InspectionLimits | None = None
    ) -> None:
        self._blobs = blobs
        self._limits = limits
        self._inspection = inspection or InspectionLimits()
        self._turns = asyncio.Semaphore(_CONCURRENT_WALKS)

    async def inspect(self, package: Package) -> ArchiveFacts:
        if package.content is None:
            raise NotFound("the package has no content")
        return await self.look_into(package.content)

    async def look_into(self, content: Content) -> ArchiveFacts:
        """What a stored content shows. Raises NotFound when its bytes are missing, Unavailable."""
        async with self._turns:
            deadline = Deadline(self._limits.seconds)
            loop = asyncio.get_running_loop()
            file = BlobFile(self._blobs, content.blob_key, size=content.size, loop=loop, deadline=deadline)
            try:
                return await asyncio.to_thread(self._walk, file, content, deadline)
            finally:
                file.abandon()

    def _walk(self, raw: BlobFile, content: Content, deadline: Deadline) -> ArchiveFacts:
        inspection = Inspection(self._inspection)
        try:
            with BoundedReader(raw, size=content.size, most_bytes_at_once=self._limits.directory_bytes) as file:
                members = archive_members(raw, file, limits=self._limits)
                if members is None:
                    members = iter((_only_member(file, content),))
                for member in members:
                    deadline.remaining_seconds()
                    _look_at(member, inspection)
        except LimitReached:
            _log.info("archive_inspection_limited")
            inspection.cut()
        except RegistryError:
            raise
        except Exception as error:  # noqa: BLE001 (readers of archives raise all sorts of errors for crafted bytes)
            _log.info("archive_unreadable", error=type(error).__name__)
            inspection.cut()
        return inspection.facts()


def _look_at(member: Member, inspection: Inspection) -> None:
    parts = safe_parts(member.path)
    if parts is None or member.kind is MemberKind.FOLDER:
        return
    path = "/".join(parts)
    wanted = inspection.wanted(path, member.size)
    if not wanted:
        return
    if member.kind is not MemberKind.FILE:
        inspection.cannot_read(path)
        return
    # A model file can be larger than memory: it lies on disk while it is scanned.
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        try:
            _copy(member.pieces(wanted), copy, lambda start: inspection.needed(path, wanted, start))
        except (LimitReached, RegistryError):
            inspection.cannot_read(path)
            raise
        except Exception as error:  # noqa: BLE001 (as above)
            _log.info("archive_member_unreadable", error=type(error).__name__)
            inspection.cannot_read(path)
            return
        copy.seek(0)
        inspection.take(path, member.size, copy)


def _copy(pieces: Iterator[bytes], copy: IO[bytes], needed: Callable[[bytes], int]) -> None:
    """Piece by piece: `writelines` of a spooled file holds all of it in memory before any goes to the disk."""
    left: int | None = None
    for piece in pieces:
        copy.write(piece)
        left = (needed(piece) if left is None else left) - len(piece)
        if left <= 0:
            return


def _only_member(file: BoundedReader, content: Content) -> Member:
    def pieces(limit: int) -> Iterator[bytes]:
        file.seek(0)
        while limit > 0 and (piece := file.read(min(limit, PIECE_BYTES))):
            limit -= len(piece)
            yield piece

    return Member(content.filename, MemberKind.FILE, content.size, file.read, pieces)
