"""Which process fetches a pending package.

A lease is written into the record, on the condition that nobody else wrote meanwhile, and ends after a while: a process
that died leaves a lease that nobody renews, and the next process takes over. The clocks of the processes must agree to
within a fraction of the lease.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from registry.domain.errors import NotFound, RevisionConflict, Unavailable
from registry.domain.packages import AuditAction, Change, Package, PackageStatus
from registry.domain.quotas import Quota
from registry.domain.redaction import public_url
from registry.ports.accounts import AccountStore
from registry.ports.clock import Clock, IdSource
from registry.ports.packages import PackageStore
from registry.ports.source_urls import SourceUrlStore
from registry.services.packages.audit_writer import AuditWriter, by_registry

_WRITE_ATTEMPTS = 8


@dataclass(slots=True)
class IngestLease:
    """A package that this process fetches. `lost`: it is gone, or another process fetches it now."""

    package_id: str
    source_url: str = field(repr=False)
    public_url: str
    owner: str
    signature: str = field(repr=False)
    lost: bool = False
    received_bytes: int = 0
    waits_because: str | None = None

    @property
    def note(self) -> str:
        """What the record says while the lease holds."""
        progress = f"{self.received_bytes / 1e6:,.1f} MB so far"
        return f"{self.signature}, {self.waits_because or progress}"

    def holds(self, package: Package) -> bool:
        """Whether the package still waits for what this lease fetches."""
        reason = package.status_reason or ""
        pending = package.status is PackageStatus.PENDING and reason.startswith(self.signature)
        return pending and package.source_url == self.public_url


class IngestLeases:
    def __init__(
        self,
        packages: PackageStore,
        accounts: AccountStore,
        source_urls: SourceUrlStore,
        *,
        audit: AuditWriter,
        clock: Clock,
        ids: IdSource,
        lease_seconds: float,
    ) -> None:
        self._packages = packages
        self._accounts = accounts
        self._source_urls = source_urls
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._lease = timedelta(seconds=lease_seconds)

    def is_free(self, package: Package) -> bool:
        """Whether the package is pending and no living process fetches it."""
        if package.status is not PackageStatus.PENDING or package.source_url is None:
            return False
        return package.status_reason is None or package.updated_at + self._lease <= self._clock.now()

    async def take(self, package_id: str) -> tuple[IngestLease, Package] | None:
        """Take the package; None where there is nothing to fetch, or another process was first."""
        try:
            package = await self._packages.get(package_id)
            if package.source_url is None or not self.is_free(package):
                return None
            began = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
            lease = IngestLease(
                package.id,
                await self._whole_url(package.id, package.source_url),
                package.source_url,
                package.created_by,
                f"being fetched since {began} by {self._ids.new_id()[-8:]}",
            )
            return lease, await self._replace(package, replace(package, status_reason=lease.note), AuditAction.UPDATE)
        except (NotFound, RevisionConflict):
            return None

    async def _whole_url(self, package_id: str, shown: str) -> str:
        """The address with the secrets that the record does not show, unless another one was set since."""
        whole = await self._source_urls.find(package_id)
        return whole if whole is not None and public_url(whole) == shown else shown

    async def renew(self, lease: IngestLease) -> None:
        """Begin the lease again and say how far it is."""
        await self._write(lease, lambda package: replace(package, status_reason=lease.note), AuditAction.UPDATE)

    async def release(self, lease: IngestLease) -> None:
        """Leave the package to any process, at once."""
        await self._write(lease, lambda package: replace(package, status_reason=None), AuditAction.UPDATE)

    async def finish(
        self, lease: IngestLease, outcome: Callable[[Package], Package], *, quota: Quota | None = None
    ) -> bool:
        """Write the outcome over what the record says by now. False when the lease was lost: nothing was written.

        Raises PermissionDenied when who published it no longer owns the name, VersionRetired.

        Raises QuotaReached where the outcome does not fit into `quota`.
        """
        written = await self._write(lease, outcome, AuditAction.STATUS, quota)
        if written and lease.source_url != lease.public_url:
            with contextlib.suppress(Unavailable):  # its time ends it, too
                await self._source_urls.remove(lease.package_id)
        return written

    async def _write(
        self, lease: IngestLease, changed: Callable[[Package], Package], action: AuditAction, quota: Quota | None = None
    ) -> bool:
        for _ in range(_WRITE_ATTEMPTS):
            try:
                package = await self._packages.get(lease.package_id)
                if not lease.holds(package):
                    break
                await self._replace(package, changed(package), action, quota)
            except RevisionConflict:
                # The owner changed the package, or our renewal came between: what they wrote stays.
                continue
            except NotFound:
                break
            return True
        lease.lost = True
        return False

    async def _replace(
        self, before: Package, after: Package, action: AuditAction, quota: Quota | None = None
    ) -> Package:
        changed = replace(after, revision=before.revision + 1, updated_at=self._clock.now())
        change = replace(self._audit.change(changed, before.created_by, action), quota=quota)
        if changed.content is None:
            # That nothing came, and how far the fetching is, gives nobody anything.
            change = by_registry(change)
        else:
            change = await self._by_creator(before, change)
        if action is not AuditAction.STATUS:
            # How far the fetching is concerns who looks, every few seconds; webhooks hear of the outcome.
            change = replace(change, events=())
        await self._packages.replace(changed, change, expected_revision=before.revision)
        return changed

    async def _by_creator(self, package: Package, change: Change) -> Change:
        try:
            creator = await self._accounts.get(package.created_by)
        except NotFound:
            return change
        return replace(change, principal=creator.principal, overrides_owners=creator.is_admin)
