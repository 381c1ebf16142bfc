"""Looking into stored archives for what a publish fills in."""

from dataclasses import replace

import structlog

from registry.domain.errors import ParsingAborted
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.limits import ArchiveLimits
from registry.formats.archives.reading import read_facts
from registry.ports.blobs import BlobStore
from registry.ports.sandbox import JobLimits, Sandbox
from registry.services.packages.blob_source import BlobSource

_log = structlog.get_logger(__name__)
_STOPS_AFTER = 0.8
"""The part of its time after which a look stops by itself and gives what it found."""


class ArchiveReader:
    """Reads what an archive says about its package, in an isolated job."""

    def __init__(self, blobs: BlobStore, sandbox: Sandbox, *, limits: ArchiveLimits | None = None) -> None:
        self._blobs = blobs
        self._sandbox = sandbox
        limits = limits or ArchiveLimits()
        self._job_limits = JobLimits(seconds=limits.seconds)
        self._limits = replace(limits, seconds=limits.seconds * _STOPS_AFTER)

    async def look_into(self, key: str, *, size: int, user: str) -> ArchiveFacts:
        """The facts in the blob under `key`, which has `size` bytes and was sent by `user`.

        Empty for what is no archive, is damaged or holds nothing known; where a limit ends the look, what was found
        so far. Facts are a convenience: an archive that cannot be looked into is published without them, and its
        rating says that it could not be read. Raises the store's errors: NotFound, Unavailable.
        """
        source = BlobSource(self._blobs, key, size)
        try:
            return await self._sandbox.run(
                read_facts, source, self._limits, limits=self._job_limits, user=user, urgent=True
            )
        except ParsingAborted as error:
            _log.warning("archive_facts_unknown", blob_key=key, reason=str(error))
            return ArchiveFacts()
