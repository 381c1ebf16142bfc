"""Changing and removing packages, guarded by revisions."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

from registry.domain.accounts import Caller
from registry.domain.errors import InvalidInput, RevisionConflict, Unavailable
from registry.domain.packages import AuditAction, Package, PackageStatus
from registry.formats.archives.facts import ArchiveFacts
from registry.ports.clock import Clock
from registry.ports.packages import PackageStore
from registry.services.names.access import Access
from registry.services.packages.audit_writer import AuditWriter, by
from registry.services.packages.intake import IncomingContent, Intake, Metadata, check_status_change, described

_CHANGE_ATTEMPTS = 100


class Changing:
    """`expected` are the revisions the caller accepts; None applies the change to whatever is there."""

    def __init__(
        self, packages: PackageStore, intake: Intake, access: Access, *, audit: AuditWriter, clock: Clock
    ) -> None:
        self._packages = packages
        self._intake = intake
        self._access = access
        self._audit = audit
        self._clock = clock

    async def replace(
        self,
        caller: Caller,
        package_id: str,
        metadata: Metadata,
        incoming: IncomingContent | None,
        *,
        expected: frozenset[int] | None,
    ) -> Package:
        """Replace the metadata, and the bytes where `incoming` is given. `expected_revision` None: whatever is there.

        Raises NotFound, PermissionDenied, RevisionConflict, InvalidInput, PackageExists, DigestMismatch, TooLarge,
        QuotaReached.
        """
        present = await self._changeable(package_id, caller, expected)
        self._check_may_replace(present, metadata, caller)
        received = (
            await self._intake.receive(incoming, owner=present.created_by, replaced=present.content)
            if incoming
            else None
        )

        def changed(package: Package) -> Package:
            self._check_may_replace(package, metadata, caller)
            if received is None:
                return described(package, metadata, ArchiveFacts())
            return described(replace(package, content=received.content), metadata, received.facts)

        before, after = await self._intake.settle(
            self._change(caller, package_id, changed, expected=expected), received
        )
        if received and before.content:
            await self._intake.discard(before.content)
        return after

    async def patch(
        self,
        caller: Caller,
        package_id: str,
        changed: Callable[[Package], Package],
        *,
        expected: frozenset[int] | None,
    ) -> Package:
        """Apply `changed` to the metadata; the same revision comes back where nothing changes. Raises as `replace`."""

        def checked(package: Package) -> Package:
            wanted = changed(package)
            check_status_change(package.status, wanted.status, caller)
            return wanted

        _, after = await self._change(caller, package_id, checked, expected=expected)
        return after

    async def remove(self, caller: Caller, package_id: str, *, expected: frozenset[int] | None) -> None:
        """Remove a package: the record, then the bytes. Raises NotFound, PermissionDenied, RevisionConflict."""
        for _ in range(_CHANGE_ATTEMPTS):
            package = await self._changeable(package_id, caller, expected)
            change = by(caller, self._audit.change(package, caller.name, AuditAction.DELETE))
            try:
                await self._packages.remove(package_id, change, expected_revision=package.revision)
            except RevisionConflict:
                if expected is not None:
                    raise
                await _back_off()
                continue
            if package.content:
                await self._intake.discard(package.content)
            return
        raise Unavailable("The package is being changed by many others.")

    async def _changeable(self, package_id: str, caller: Caller, expected: frozenset[int] | None) -> Package:
        package = await self._packages.get(package_id)
        await self._access.check_visible(package, caller)
        await self._access.check_owner(package, caller)
        if expected is not None and package.revision not in expected:
            raise RevisionConflict(
                f"The package is at revision {package.revision} now. Read it again, then repeat the change."
            )
        return package

    async def _change(
        self,
        caller: Caller,
        package_id: str,
        changed: Callable[[Package], Package],
        *,
        expected: frozenset[int] | None,
    ) -> tuple[Package, Package]:
        """The package before and after. Repeated on what others wrote meanwhile, unless a revision was expected."""
        for _ in range(_CHANGE_ATTEMPTS):
            before = await self._changeable(package_id, caller, expected)
            wanted = _kept_unreleased(before, changed(before))
            if wanted == before:
                return before, before
            after = replace(wanted, revision=before.revision + 1, updated_at=self._clock.now())
            if after.status is not before.status:
                after = replace(after, status_reason=None)  # it said why the status before was set
            quota = self._intake.quota_of(after.created_by)
            action = AuditAction.UPDATE if after.status is before.status else AuditAction.STATUS
            change = by(caller, self._audit.change(after, caller.name, action))
            change = replace(change, quota=quota, lifted_sha256=_lifted(before, after))
            try:
                await self._packages.replace(after, change, expected_revision=before.revision)
            except RevisionConflict:
                if expected is not None:
                    raise
                await _back_off()
                continue
            return before, after
        raise Unavailable("The package is being changed by many others.")

    def _check_may_replace(self, package: Package, metadata: Metadata, caller: Caller) -> None:
        for member in ("name", "type"):
            if getattr(metadata, member) != getattr(package, member):
                raise InvalidInput(
                    f"a package keeps its {member} ({getattr(package, member)}); publish a new package instead",
                    pointer=f"/{member}",
                )
        check_status_change(package.status, metadata.status or package.status, caller)


def _kept_unreleased(before: Package, wanted: Package) -> Package:
    """A draft stays one through a quarantine: to lift it releases nothing."""
    if before.status is PackageStatus.DRAFT:
        return replace(wanted, unreleased=wanted.status is PackageStatus.QUARANTINED)
    if before.unreleased and wanted.status is not PackageStatus.QUARANTINED:
        return replace(wanted, status=PackageStatus.DRAFT, unreleased=False)
    return wanted


def _lifted(before: Package, after: Package) -> str | None:
    """The content for which an admin lifts a quarantine. Content that comes with the change is judged by itself."""
    stays = before.status is not PackageStatus.QUARANTINED or after.status is PackageStatus.QUARANTINED
    if stays or before.content is None or after.content != before.content:
        return None
    return before.content.sha256


async def _back_off() -> None:
    # Writers that met once must not meet again in step.
    await asyncio.sleep(secrets.randbelow(20) / 1000)
