"""The services that make and apply verdicts, over records in a folder and a scanner that does as the test says."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.packages import SqlitePackageStore
from registry.adapters.sqlite.scan_requests import SqliteScanRequestStore
from registry.adapters.sqlite.verdicts import SqliteVerdictStore
from registry.adapters.system.ids import UuidSource
from registry.domain.packages import Content, Package
from registry.domain.safety import Finding, FindingLevel, SafetyStatus, ScanReport
from registry.domain.verdicts import PackageSafety, SafetyPolicy
from registry.services.packages.audit_writer import AuditWriter
from registry.services.safety.applying import Applying
from registry.services.safety.scanning import Scanning, ScanStores
from tests.factories import ManualClock, make_change, make_content, make_package, make_sha256

DANGEROUS = ScanReport(findings=(Finding("m.pkl", FindingLevel.DANGEROUS, "pickle", "calls os.system"),))
LEASE_SECONDS = 30.0


class Scanner:
    """Implements `ContentScanner`: gives `report`, or raises `error`, once `go_on` is set."""

    def __init__(self) -> None:
        self.report = ScanReport(scanned=("m.pkl",))
        self.error: Exception | None = None
        self.scanned: list[str] = []
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def scan(self, content: Content, *, user: str) -> ScanReport:
        self.scanned.append(content.sha256)
        self.begun.set()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return self.report


@dataclass
class World:
    """One process. `judged` are the packages that ratings were told of."""

    stores: ScanStores
    clock: ManualClock
    scanner: Scanner
    policy: SafetyPolicy = field(default_factory=SafetyPolicy)
    judged: list[tuple[str, str]] = field(default_factory=list)

    @property
    def scanning(self) -> Scanning:
        return Scanning(self.stores, self.scanner, clock=self.clock, ids=UuidSource(), lease_seconds=LEASE_SECONDS)

    @property
    def applying(self) -> Applying:
        async def on_judged(package: Package, _status: SafetyStatus, asked_by: str) -> None:
            self.judged.append((package.id, asked_by))

        return Applying(
            self.stores.packages,
            self.stores.requests,
            self.stores.verdicts,
            self.scanning,
            policy=self.policy,
            audit=AuditWriter(self.clock, UuidSource()),
            clock=self.clock,
            on_judged=on_judged,
        )

    async def publish(self, sha256: str | None = None, **members: object) -> Package:
        package = make_package(**{"content": make_content(sha256=sha256 or make_sha256()), **members})
        await self.stores.packages.add(package, make_change(package.id, user="ann"))
        return package

    async def read(self, package: Package) -> Package:
        return await self.stores.packages.get(package.id)

    async def safety(self, package: Package) -> PackageSafety:
        return (await self.stores.packages.get_judged(package.id))[1]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database, clock = await SqliteDatabase.open(tmp_path / "registry.db"), ManualClock()
    stores = ScanStores(
        SqliteVerdictStore(database), SqliteScanRequestStore(database), SqlitePackageStore(database, clock)
    )
    yield World(stores, clock, Scanner())
    await database.close()
