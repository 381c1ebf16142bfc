"""Collects what a scan says, each thing once, within bounds."""

from registry.domain.safety import Finding, FindingLevel, NotScanned, ScanReport

_MAX_PATH = 500
_MAX_SCANNED = 20_000
_MAX_NOT_SCANNED = 2_000


def shown(path: str) -> str:
    """A path fit for a report: control characters and lone surrogates are escaped."""
    clean = (
        path if path.isprintable() else "".join(c if c.isprintable() or c == "\u202f" else ascii(c)[1:-1] for c in path)
    )
    return clean if len(clean) <= _MAX_PATH else clean[: _MAX_PATH - 1] + "…"


class Collector:
    """Takes findings, files read and files not read."""

    def __init__(self, *, findings: int) -> None:
        self._room = findings
        self._findings: dict[Finding, None] = {}
        self._scanned: dict[str, None] = {}
        self._not_scanned: dict[NotScanned, None] = {}

    def find(self, path: str, level: FindingLevel, scanner: str, detail: str) -> None:
        """Over the limit a dangerous finding replaces a suspicious one; nothing else is kept."""
        found = Finding(shown(path), level, scanner, detail)
        if found in self._findings:
            return
        if len(self._findings) >= self._room:
            weaker = next((it for it in self._findings if it.level is FindingLevel.SUSPICIOUS), None)
            if level is not FindingLevel.DANGEROUS or weaker is None:
                return
            del self._findings[weaker]
        self._findings[found] = None

    def read(self, path: str) -> None:
        """The file was read completely."""
        if len(self._scanned) < _MAX_SCANNED:
            self._scanned[shown(path)] = None

    def miss(self, path: str, reason: str) -> None:
        """The file, or a part of it, was not read."""
        if len(self._not_scanned) < _MAX_NOT_SCANNED:
            self._not_scanned[NotScanned(shown(path), reason)] = None

    def report(self) -> ScanReport:
        missed = {it.path for it in self._not_scanned}
        scanned = tuple(path for path in self._scanned if path not in missed)
        return ScanReport(tuple(self._findings), scanned, tuple(self._not_scanned))
