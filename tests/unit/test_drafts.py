"""Drafts that nobody released in time are removed, quarantined ones too, and nothing else is."""

from datetime import timedelta
from pathlib import Path
from typing import cast

from registry.adapters.system.ids import UuidSource
from registry.domain.packages import Content, PackageStatus
from registry.services.names.drafts import Drafts
from registry.services.packages.audit_writer import AuditWriter
from registry.services.packages.intake import Intake
from tests.conformance.package_store import add
from tests.conformance.test_sqlite import SqliteBackend
from tests.factories import START, make_content

LIFETIME = timedelta(days=7)


class Bytes:
    """Stands in for `Intake`."""

    def __init__(self) -> None:
        self.discarded: list[Content] = []

    async def discard(self, content: Content) -> None:
        self.discarded.append(content)


async def test_what_was_not_released_in_time_is_removed_with_its_bytes(tmp_path: Path) -> None:
    backend, discarded = SqliteBackend(tmp_path), Bytes()
    async with backend.open() as records:
        drafts = Drafts(
            records.packages,
            cast("Intake", discarded),
            audit=AuditWriter(backend.clock, UuidSource()),
            clock=backend.clock,
            lifetime_seconds=int(LIFETIME.total_seconds()),
        )
        quarantined = PackageStatus.QUARANTINED
        old = await add(records, status=PackageStatus.DRAFT, content=make_content())
        old_quarantined = await add(records, status=quarantined, unreleased=True, content=make_content())
        kept = [
            await add(records, content=make_content()),
            await add(records, status=quarantined, content=make_content()),
            await add(records, status=PackageStatus.DRAFT, created_at=START + timedelta(days=1)),
            await add(records, status=quarantined, unreleased=True, created_at=START + timedelta(days=1)),
        ]
        backend.clock.advance(LIFETIME - timedelta(seconds=1))
        assert await drafts.expire() == 0
        backend.clock.advance(timedelta(seconds=1))
        assert await drafts.expire() == 2
        assert await drafts.expire() == 0

        assert discarded.discarded == [old.content, old_quarantined.content]
        assert await records.packages.get_many([old.id, old_quarantined.id]) == []
        assert await records.packages.get_many([package.id for package in kept]) == kept
