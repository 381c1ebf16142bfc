"""Scanning stored content, in a process of its own that can be killed."""

from registry.domain.errors import ParsingAborted
from registry.domain.packages import Content
from registry.domain.safety import NotScanned, ScanReport, decode_report
from registry.formats.scanning.job import scan_job
from registry.formats.scanning.limits import ScanLimits
from registry.ports.blobs import BlobStore
from registry.ports.sandbox import MIB, JobLimits, Sandbox
from registry.services.packages.blob_source import BlobSource

_GRACE_SECONDS = 10.0
"""On top of the scan's own time: only what does not end by itself is killed, and loses what it found."""
_MEMORY_BYTES = 1024 * MIB


class StoredContentScanner:
    """Implements `ContentScanner` over stored blobs."""

    def __init__(self, blobs: BlobStore, sandbox: Sandbox, *, limits: ScanLimits, seconds: float) -> None:
        self._blobs = blobs
        self._sandbox = sandbox
        self._limits = limits
        self._seconds = seconds
        self._job_limits = JobLimits(seconds + _GRACE_SECONDS, _MEMORY_BYTES)

    async def scan(self, content: Content, *, user: str) -> ScanReport:
        source = BlobSource(self._blobs, content.blob_key, content.size)
        try:
            report = await self._sandbox.run(
                scan_job,
                source,
                content.filename,
                self._limits,
                self._seconds,
                limits=self._job_limits,
                user=user,
            )
        except ParsingAborted as error:
            return ScanReport(not_scanned=(NotScanned(content.filename, str(error)),))
        return decode_report(report.encode())
