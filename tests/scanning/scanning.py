"""Scans bytes in a test."""

import io

from registry.domain.safety import SafetyStatus, ScanReport, status_of
from registry.formats.scanning.limits import ScanLimits
from registry.formats.scanning.scan import scan_content


def scan(data: bytes, filename: str = "content", limits: ScanLimits | None = None) -> ScanReport:
    return scan_content(io.BytesIO(data), size=len(data), filename=filename, limits=limits or ScanLimits())


def status(data: bytes, filename: str = "content") -> SafetyStatus:
    return status_of(scan(data, filename))


def details(report: ScanReport) -> set[str]:
    return {f"{finding.level}: {finding.detail}" for finding in report.findings}


def reasons(report: ScanReport) -> dict[str, str]:
    """All reasons by path."""
    found: dict[str, list[str]] = {}
    for missed in report.not_scanned:
        found.setdefault(missed.path, []).append(missed.reason)
    return {path: "; ".join(texts) for path, texts in found.items()}
