"""Drafts that nobody released in time."""

from datetime import timedelta

from registry.domain.errors import NotFound, RevisionConflict
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import AuditAction, Package, PackageStatus
from registry.ports.clock import Clock
from registry.ports.packages import PackageStore
from registry.services.packages.audit_writer import AuditWriter, by_registry
from registry.services.packages.intake import Intake

_BATCH = 100


class Drafts:
    """`lifetime_seconds` counts from when the draft was published."""

    def __init__(
        self, packages: PackageStore, intake: Intake, *, audit: AuditWriter, clock: Clock, lifetime_seconds: int
    ) -> None:
        self._packages = packages
        self._intake = intake
        self._audit = audit
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime_seconds)

    def has_expired(self, draft: Package) -> bool:
        return draft.created_at + self._lifetime <= self._clock.now()

    async def expire(self) -> int:
        """Remove drafts whose time is over, quarantined ones too; how many. They leave nothing behind."""
        return await self._expire(PackageStatus.DRAFT) + await self._expire(PackageStatus.QUARANTINED)

    async def _expire(self, status: PackageStatus) -> int:
        wanted = PackageFilter(status=status, order=Order.OLDEST)
        removed, after = 0, None
        while True:
            page = await self._packages.list_page(wanted, limit=_BATCH, after=after)
            packages = await self._packages.get_many([item.id for item in page.items])
            for package in packages:
                is_draft = package.status is PackageStatus.DRAFT or package.unreleased
                if is_draft and self.has_expired(package):
                    removed += await self._remove(package)
            # Oldest first: after one that has time left, all have.
            if page.next_after is None or (packages and not self.has_expired(packages[-1])):
                return removed
            after = page.next_after

    async def _remove(self, draft: Package) -> bool:
        change = by_registry(self._audit.change(draft, None, AuditAction.DELETE))
        try:
            await self._packages.remove(draft.id, change, expected_revision=draft.revision)
        except (NotFound, RevisionConflict):
            return False  # released, changed or removed meanwhile
        if draft.content:
            await self._intake.discard(draft.content)
        return True
