"""Looking into stored archives."""

import asyncio
from collections.abc import Iterator

import structlog

from registry.domain.errors import RegistryError
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.gathering import Gathering
from registry.formats.archives.kinds import SNIFF_BYTES, ArchiveKind, looks_like_archive
from registry.formats.archives.limits import ArchiveLimits, Deadline, LimitReached
from registry.formats.archives.members import Member
from registry.formats.archives.tars import GzipReader, PlainReader, tar_members
from registry.formats.archives.zips import zip_members
from registry.ports.blobs import BlobStore
from registry.services.packages.blob_file import BlobFile, BoundedReader

_log = structlog.get_logger()
_CONCURRENT_LOOKS = 2


class ArchiveReader:
    """Reads what an archive says about its package, in a thread, over ranges of the stored blob."""

    def __init__(self, blobs: BlobStore, *, limits: ArchiveLimits | None = None) -> None:
        self._blobs = blobs
        self._limits = limits or ArchiveLimits()
        self._turns = asyncio.Semaphore(_CONCURRENT_LOOKS)

    async def look_into(self, key: str, *, size: int) -> ArchiveFacts:
        """The facts in the blob under `key`, which has `size` bytes.

        Empty for what is no archive, is damaged or holds nothing known; where a limit ends the look, what was found
        so far. Raises the store's errors: NotFound, Unavailable.
        """
        async with self._turns:
            deadline = Deadline(self._limits.seconds)
            file = BlobFile(self._blobs, key, size=size, loop=asyncio.get_running_loop(), deadline=deadline)
            try:
                return await asyncio.to_thread(_look, file, size, self._limits, deadline)
            finally:
                file.abandon()


def _look(raw: BlobFile, size: int, limits: ArchiveLimits, deadline: Deadline) -> ArchiveFacts:
    gathering = Gathering()
    try:
        with BoundedReader(raw, size=size, most_bytes_at_once=limits.directory_bytes) as file:
            members = archive_members(raw, file, limits=limits)
            if members is None:
                return ArchiveFacts()
            for member in members:
                deadline.remaining_seconds()
                gathering.take(member)
    except LimitReached:
        _log.info("archive_look_limited")
    except RegistryError:
        raise
    except Exception as error:  # noqa: BLE001 (readers of archives raise all sorts of errors for crafted bytes)
        _log.info("archive_unreadable", error=type(error).__name__)
        return ArchiveFacts()
    return gathering.facts()


def archive_members(raw: BlobFile, file: BoundedReader, *, limits: ArchiveLimits) -> Iterator[Member] | None:
    """The entries of the archive that `file` reads (`raw` is the same, unbuffered), None where it is no archive."""
    kind = looks_like_archive(file.read(SNIFF_BYTES))
    file.seek(0)
    if kind is ArchiveKind.ZIP:
        return zip_members(file, limits=limits)
    if kind is ArchiveKind.TAR:
        return tar_members(PlainReader(file), limits=limits)
    if kind is ArchiveKind.TAR_GZ:
        raw.seek(0)
        return tar_members(GzipReader(raw, unpacked_bytes=limits.unpacked_bytes), limits=limits)
    return None
