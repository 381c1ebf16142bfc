"""The entry point: scans a content and everything nested in it."""

from typing import BinaryIO

from registry.domain.safety import ScanReport
from registry.formats.scanning.content_walk import ContentWalk
from registry.formats.scanning.limits import LimitReached, ScanLimits
from registry.formats.scanning.report import Collector
from registry.formats.scanning.sources import Source


def scan_content(file: BinaryIO, *, size: int, filename: str, limits: ScanLimits, near: bool = True) -> ScanReport:
    """What in `file` (seekable, `size` bytes) could run code. Raises OSError when the file cannot be read, and nothing
    for what its bytes hold: what cannot be read is in the report.

    Without `near` the bytes come from a store: each file is then copied first, in a temporary file if it is large.
    """
    collector = Collector(findings=limits.findings)
    walk = ContentWalk(limits, collector, filename)
    try:
        walk.scan_content(Source(file, size, near=near))
    except LimitReached as error:
        collector.miss(filename, f"not read to its end: {error}")
    return collector.report()
