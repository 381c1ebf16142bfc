"""Scans as isolated jobs: what was found is not lost with what could not be read."""

import io
import zipfile
from collections.abc import AsyncIterator

import pytest

from registry.adapters.processes.sandbox import PoolPlan, ProcessSandbox, open_sandbox
from registry.domain.errors import NotFound, ParsingCrashed
from registry.domain.packages import Content
from registry.domain.safety import FindingLevel, NotScanned, SafetyStatus, ScanReport, status_of
from registry.formats.scanning.job import scan_job
from registry.formats.scanning.limits import ScanLimits
from registry.services.safety.content_scanner import StoredContentScanner
from tests.api.pickles import dangerous
from tests.factories import make_content
from tests.sandbox import DirectSandbox
from tests.unit.archives import BytesBlobs

SLOW = b"\x80\x04" + b"N0" * 10_000_000 + b"N."
"""A pickle of twenty million opcodes."""


@pytest.fixture
async def sandbox() -> AsyncIterator[ProcessSandbox]:
    plan = PoolPlan(1, modules=("registry.formats.scanning.job",))
    async with open_sandbox(urgent=plan, background=plan) as opened:
        yield opened


def content(data: bytes, **members: object) -> Content:
    return make_content(blob_key="key", size=len(data), filename="model.zip", **members)


def scanner(
    data: bytes, sandbox: ProcessSandbox | DirectSandbox, *, seconds: float = 20, **limits: int
) -> StoredContentScanner:
    return StoredContentScanner(BytesBlobs(data), sandbox, limits=ScanLimits(**limits), seconds=seconds)


def zipped(*files: tuple[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for name, data in files:
            members.writestr(name, data)
    return archive.getvalue()


async def test_a_finding_is_kept_though_the_rest_takes_too_long(sandbox: ProcessSandbox) -> None:
    data = zipped(("a.pkl", dangerous()), ("b.pkl", SLOW))
    report = await scanner(data, sandbox, seconds=1).scan(content(data), user="ann")
    assert status_of(report) is SafetyStatus.DANGEROUS
    assert [finding.level for finding in report.findings] == [FindingLevel.DANGEROUS]
    assert any("longer than 1 s" in missed.reason for missed in report.not_scanned)


async def test_a_job_that_crashes_is_not_clean() -> None:
    class Crashing(DirectSandbox):
        async def run(self, *_: object, **__: object) -> object:  # type: ignore[override] # whatever is asked
            raise ParsingCrashed("its process ended")

    report = await scanner(b"x", Crashing()).scan(content(b"x"), user="ann")
    assert report == ScanReport(not_scanned=(NotScanned("model.zip", "its process ended"),))


async def test_missing_bytes_are_not_a_report() -> None:
    with pytest.raises(NotFound):
        await scanner(b"x", DirectSandbox()).scan(make_content(blob_key="gone", size=1), user="ann")


async def test_the_settings_bound_the_scan() -> None:
    inner = zipped(("m.pkl", dangerous()))
    data = zipped(("outer.zip", inner))
    found = await scanner(data, DirectSandbox()).scan(content(data), user="ann")
    assert [finding.path for finding in found.findings] == ["outer.zip!/m.pkl"]
    shallow = await scanner(data, DirectSandbox(), depth=1).scan(content(data), user="ann")
    assert status_of(shallow) is SafetyStatus.NOT_SCANNED
    large = zipped(("m.bin", bytes(5_000)))
    small = await scanner(large, DirectSandbox(), file_bytes=4_000).scan(content(large), user="ann")
    assert [missed.path for missed in small.not_scanned] == ["m.bin"]


def test_without_memory_what_was_found_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.formats.scanning.content_walk import ContentWalk

    def starved(walk: ContentWalk, _source: object) -> None:
        walk.collector.find("a.pkl", FindingLevel.DANGEROUS, "pickle", "calls os.system")
        raise MemoryError

    monkeypatch.setattr(ContentWalk, "scan_content", starved)
    report = scan_job(io.BytesIO(b"x"), "model.zip", ScanLimits(), 5)
    assert '"level":"dangerous"' in report
    assert "more memory" in report
