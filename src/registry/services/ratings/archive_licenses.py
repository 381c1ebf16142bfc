"""What a package's stored content says about its license, for those who must know it now."""

from dataclasses import dataclass, replace

from registry.domain.errors import ParsingAborted, SourceFailed
from registry.domain.evidence import LicenseStatement
from registry.domain.packages import Package
from registry.formats.archives.kinds import SNIFF_BYTES
from registry.formats.archives.licenses import read_licenses, says_nothing
from registry.formats.archives.limits import MIB, ArchiveLimits
from registry.ports.blobs import BlobStore
from registry.ports.sandbox import JobLimits, Sandbox
from registry.services.packages.blob_source import BlobSource

_LIMITS = ArchiveLimits(seconds=20, members=20_000, unpacked_bytes=1024 * MIB)
_STOPS_AFTER = 0.8


@dataclass(frozen=True, slots=True)
class ArchiveLicenses:
    """`whole`: no limit or damage ended the look, so that there are no other statements."""

    statements: tuple[LicenseStatement, ...] = ()
    whole: bool = True


class StoredLicenses:
    """Reads license files in isolated jobs."""

    def __init__(self, blobs: BlobStore, sandbox: Sandbox, *, limits: ArchiveLimits = _LIMITS) -> None:
        self._blobs = blobs
        self._sandbox = sandbox
        self._job_limits = JobLimits(seconds=limits.seconds)
        self._limits = replace(limits, seconds=limits.seconds * _STOPS_AFTER)

    async def read(self, package: Package, *, user: str) -> ArchiveLicenses:
        """The statements in the package's content, read for `user`. Raises SourceFailed, and the store's errors."""
        content = package.content
        if content is None:
            return ArchiveLicenses()
        source = BlobSource(self._blobs, content.blob_key, content.size)
        if says_nothing(await source.read(0, min(content.size, SNIFF_BYTES)), content.filename):
            return ArchiveLicenses()
        try:
            statements, whole = await self._sandbox.run(
                read_licenses, source, content.filename, self._limits, limits=self._job_limits, user=user, urgent=True
            )
        except ParsingAborted as error:
            raise SourceFailed(f"the license files in the package's archive cannot be read: {error}") from None
        return ArchiveLicenses(statements, whole)
