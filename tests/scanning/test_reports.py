"""Scan reports: their status, and their JSON in and out."""

import json

import pytest

from registry.domain.errors import InvalidInput
from registry.domain.safety import (
    Finding,
    FindingLevel,
    NotScanned,
    SafetyStatus,
    ScanReport,
    decode_report,
    encode_report,
    status_of,
)

DANGEROUS = Finding("a.zip!/b.pkl", FindingLevel.DANGEROUS, "pickle", "calls os.system")
SUSPICIOUS = Finding("c.pkl", FindingLevel.SUSPICIOUS, "pickle", "calls acme.thing")
MISSED = NotScanned("d.rar", "no reader for this format")


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (ScanReport(), SafetyStatus.CLEAN),
        (ScanReport(scanned=("a",)), SafetyStatus.CLEAN),
        (ScanReport(not_scanned=(MISSED,)), SafetyStatus.NOT_SCANNED),
        (ScanReport((SUSPICIOUS,), (), (MISSED,)), SafetyStatus.SUSPICIOUS),
        (ScanReport((SUSPICIOUS, DANGEROUS), ("c.pkl",), (MISSED,)), SafetyStatus.DANGEROUS),
    ],
)
def test_the_status_is_the_worst_of_a_report(report: ScanReport, status: SafetyStatus) -> None:
    assert status_of(report) is status


def test_a_report_reads_back_as_it_was_written() -> None:
    report = ScanReport((DANGEROUS, SUSPICIOUS), ("c.pkl", "ü \u202f"), (MISSED,))
    assert decode_report(encode_report(report)) == report
    assert decode_report(encode_report(ScanReport(scanned=("\ud800",)))).scanned == ("?",)


WHOLE = json.loads(encode_report(ScanReport((DANGEROUS,), ("c.pkl",), (MISSED,))))


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        {},
        {**WHOLE, "status": "clean"},
        {**WHOLE, "findings": {}},
        {**WHOLE, "findings": [{**WHOLE["findings"][0], "level": "harmless"}]},
        {**WHOLE, "findings": [{**WHOLE["findings"][0], "path": 1}]},
        {**WHOLE, "scanned": [None]},
        {**WHOLE, "not_scanned": [{"path": "a"}]},
    ],
)
def test_what_is_no_report_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        decode_report(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_report(data)
