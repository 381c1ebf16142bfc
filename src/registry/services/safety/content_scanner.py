"""Scanning stored content."""

from registry.domain.packages import Content
from registry.domain.safety import Finding, FindingLevel, NotScanned, ScanReport
from registry.services.ratings.archive_evidence import StoredArchiveInspector

_LEVELS = {"dangerous": FindingLevel.DANGEROUS, "suspicious": FindingLevel.SUSPICIOUS}


class StoredContentScanner:
    """Implements `ContentScanner` by the readers of model files."""

    def __init__(self, inspector: StoredArchiveInspector) -> None:
        self._inspector = inspector

    async def scan(self, content: Content) -> ScanReport:
        facts = await self._inspector.look_into(content)
        not_scanned = [NotScanned(path, "over a limit, or damaged") for path in facts.safety.skipped]
        if facts.truncated:
            not_scanned.append(NotScanned(content.filename, "not all of it could be read"))
        return ScanReport(
            findings=tuple(
                Finding(found.path, _LEVELS[found.severity], found.scanner, found.detail)
                for found in facts.safety.findings
                if found.severity in _LEVELS
            ),
            scanned=facts.safety.scanned,
            not_scanned=tuple(not_scanned),
        )
