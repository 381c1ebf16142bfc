"""What a scan found in a content, and the one word that sums it up. As JSON for records and between processes."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.domain.errors import InvalidInput


class FindingLevel(StrEnum):
    """How bad a finding is. `dangerous`: loading the file runs code of its author. `suspicious`: it may."""

    DANGEROUS = "dangerous"
    SUSPICIOUS = "suspicious"


class SafetyStatus(StrEnum):
    """The verdict on a content, from best to worst.

    `clean`: every file that can carry code was read completely and nothing was found.
    `not_scanned`: something could not be read completely; `suspicious`, `dangerous`: the worst finding.
    """

    CLEAN = "clean"
    NOT_SCANNED = "not_scanned"
    SUSPICIOUS = "suspicious"
    DANGEROUS = "dangerous"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that can run code. A path in a nested archive is `outer.zip!/inner.pkl`."""

    path: str
    level: FindingLevel
    scanner: str
    detail: str


@dataclass(frozen=True, slots=True)
class NotScanned:
    """A file, or a part of one, that could not be read completely, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Everything a scan has to say about a content. `scanned` are the files that can carry code and were read."""

    findings: tuple[Finding, ...] = ()
    scanned: tuple[str, ...] = ()
    not_scanned: tuple[NotScanned, ...] = ()


def status_of(report: ScanReport) -> SafetyStatus:
    """The worst of what the report says."""
    levels = {finding.level for finding in report.findings}
    if FindingLevel.DANGEROUS in levels:
        return SafetyStatus.DANGEROUS
    if FindingLevel.SUSPICIOUS in levels:
        return SafetyStatus.SUSPICIOUS
    return SafetyStatus.NOT_SCANNED if report.not_scanned else SafetyStatus.CLEAN


def encode_report(report: ScanReport) -> bytes:
    """The report as JSON (UTF-8). Lone surrogates in paths become question marks: they have no UTF-8 text."""
    members = {
        "findings": [
            {"path": it.path, "level": it.level.value, "scanner": it.scanner, "detail": it.detail}
            for it in report.findings
        ],
        "scanned": list(report.scanned),
        "not_scanned": [{"path": it.path, "reason": it.reason} for it in report.not_scanned],
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def decode_report(data: bytes) -> ScanReport:
    """The report that these bytes encode. Raises InvalidInput when they are not exactly one."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("a scan report is a JSON object") from error
    members = _object(value, "", ("findings", "scanned", "not_scanned"))
    return ScanReport(
        findings=tuple(_finding(it, f"/findings/{n}") for n, it in enumerate(_array(members, "findings"))),
        scanned=tuple(_text(it, f"/scanned/{n}") for n, it in enumerate(_array(members, "scanned"))),
        not_scanned=tuple(_not_scanned(it, f"/not_scanned/{n}") for n, it in enumerate(_array(members, "not_scanned"))),
    )


def _finding(value: object, pointer: str) -> Finding:
    members = _object(value, pointer, ("path", "level", "scanner", "detail"))
    texts = {name: _text(it, f"{pointer}/{name}") for name, it in members.items()}
    if texts["level"] not in list(FindingLevel):
        raise InvalidInput("must be dangerous or suspicious", pointer=f"{pointer}/level")
    return Finding(texts["path"], FindingLevel(texts["level"]), texts["scanner"], texts["detail"])


def _not_scanned(value: object, pointer: str) -> NotScanned:
    members = _object(value, pointer, ("path", "reason"))
    return NotScanned(**{name: _text(it, f"{pointer}/{name}") for name, it in members.items()})


def _object(value: object, pointer: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise InvalidInput(f"must be an object with exactly these members: {', '.join(names)}", pointer=pointer)
    return value


def _array(members: dict[str, Any], name: str) -> list[Any]:
    value = members[name]
    if not isinstance(value, list):
        raise InvalidInput("must be an array", pointer=f"/{name}")
    return value


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput("must be text", pointer=pointer)
    return value
