"""What a package's stored content shows to a rating."""

from dataclasses import replace

from registry.domain.errors import NotFound
from registry.domain.evidence import ArchiveFacts
from registry.domain.packages import Package
from registry.formats.archives.inspecting import facts_of_unread, inspect_content
from registry.formats.archives.kinds import SNIFF_BYTES
from registry.formats.archives.limits import MIB, ArchiveLimits
from registry.formats.inspection import InspectionLimits
from registry.ports.blobs import BlobStore
from registry.ports.sandbox import JobLimits, Sandbox
from registry.services.packages.blob_source import BlobSource

WALK_LIMITS = ArchiveLimits(seconds=60, members=20_000, unpacked_bytes=2048 * MIB)
"""A rating runs in the background, so it may look further than a publish does."""
_STOPS_AFTER = 0.8


class StoredArchiveInspector:
    """Implements ArchiveInspector over stored blobs, in isolated jobs."""

    def __init__(
        self,
        blobs: BlobStore,
        sandbox: Sandbox,
        *,
        limits: ArchiveLimits = WALK_LIMITS,
        inspection: InspectionLimits | None = None,
    ) -> None:
        self._blobs = blobs
        self._sandbox = sandbox
        self._job_limits = JobLimits(seconds=limits.seconds)
        self._limits = replace(limits, seconds=limits.seconds * _STOPS_AFTER)
        self._inspection = inspection or InspectionLimits()

    async def inspect(self, package: Package) -> ArchiveFacts:
        content = package.content
        if content is None:
            raise NotFound("the package has no content")
        source = BlobSource(self._blobs, content.blob_key, content.size)
        head = await source.read(0, min(content.size, SNIFF_BYTES))
        if (facts := facts_of_unread(head, content.filename, content.size)) is not None:
            return facts
        return await self._sandbox.run(
            inspect_content,
            source,
            content.filename,
            self._limits,
            self._inspection,
            limits=self._job_limits,
            user=package.created_by,
        )
