"""Verdicts: what a scan says about a content, for every package and revision that has these bytes."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from registry.domain.documents import format_time
from registry.domain.safety import FindingLevel, NotScanned, SafetyStatus, ScanReport, encode_report, status_of

FAILED_SCAN = 0
"""The scanner version of a verdict that no scanner made, since the bytes could not be had: the next request tries."""
_ETAG_DIGITS = 32
_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """What decides about a content. `reason` is one sentence for people, empty when the content is clean."""

    content_sha256: str
    status: SafetyStatus
    reason: str
    scanner_version: int
    scanned_at: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict as it is kept and served: `body` is its public JSON."""

    summary: VerdictSummary
    body: bytes


@dataclass(frozen=True, slots=True)
class PackageSafety:
    """How far a package's content has been judged.

    `sha256` is the content that was last sent to the scanner, None when there was none. `due_at` is when the verdict on
    it is to be applied; None once it has been. `asked_by` is the user whose content it is, empty for a new scan by the
    registry. `reported` is the verdict that webhooks heard of last. An admin has lifted the quarantine for `lifted`.
    """

    sha256: str | None = None
    due_at: datetime | None = None
    asked_by: str = ""
    reported: str = ""
    lifted: frozenset[str] = frozenset()

    def judged(self, sha256: str) -> bool:
        """Whether the verdict on this content has been applied to the package."""
        return self.sha256 == sha256 and self.due_at is None


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """`require_scan`: content is served once it has a verdict. `refuse_unscanned`: `not_scanned` is as dangerous."""

    require_scan: bool = False
    refuse_unscanned: bool = False

    def refuses(self, status: SafetyStatus) -> bool:
        """Whether content with this verdict is quarantined."""
        return status is SafetyStatus.DANGEROUS or (self.refuse_unscanned and status is SafetyStatus.NOT_SCANNED)


def verdict_on(sha256: str, report: ScanReport, *, scanner_version: int, scanned_at: datetime) -> Verdict:
    """The verdict that a report gives, with its JSON made ready."""
    status = status_of(report)
    members = {
        "status": status.value,
        "content_sha256": sha256,
        **json.loads(encode_report(report)),
        "scanned_at": format_time(scanned_at),
    }
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:_ETAG_DIGITS]}"'
    reason = _reason(report, status).encode("utf-8", "replace").decode()[:_REASON_CHARACTERS]
    return Verdict(VerdictSummary(sha256, status, reason, scanner_version, scanned_at, etag), body)


def failed_verdict(sha256: str, reason: str, *, path: str, scanner_version: int, scanned_at: datetime) -> Verdict:
    """The verdict on a content that no scan could be made of: `not_scanned`, for that reason."""
    report = ScanReport(not_scanned=(NotScanned(path, reason),))
    return verdict_on(sha256, report, scanner_version=scanner_version, scanned_at=scanned_at)


def _reason(report: ScanReport, status: SafetyStatus) -> str:
    wanted = {SafetyStatus.DANGEROUS: FindingLevel.DANGEROUS, SafetyStatus.SUSPICIOUS: FindingLevel.SUSPICIOUS}
    if (level := wanted.get(status)) is not None:
        found = next(finding for finding in report.findings if finding.level is level)
        return f"{found.scanner} found {found.path} {level.value}: {found.detail}"
    if status is SafetyStatus.NOT_SCANNED:
        missed = report.not_scanned[0]
        return f"{missed.path} could not be scanned: {missed.reason}"
    return ""
