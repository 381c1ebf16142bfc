"""The entry point: scans a content and everything nested in it."""

from typing import BinaryIO

from registry.domain.safety import NotScanned, ScanReport
from registry.formats.scanning.limits import ScanLimits


def scan_content(file: BinaryIO, *, size: int, filename: str, limits: ScanLimits) -> ScanReport:
    """What in `file` (seekable, `size` bytes, at its start) could run code. Never raises for what the bytes hold."""
    if size > limits.file_bytes:
        return ScanReport(not_scanned=(NotScanned(filename, "larger than the limit of a file"),))
    if not file.read(1):
        return ScanReport(scanned=(filename,))
    return ScanReport(not_scanned=(NotScanned(filename, "no reader for this format"),))
