"""Applying a verdict to a package: quarantine what is dangerous, report it, and settle the request.

Everything here may be done twice, by several processes at once: the package is changed on the condition of its revision
and the request is settled on the condition that it is still the same.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from registry.domain.errors import NotFound, RevisionConflict, Unavailable
from registry.domain.packages import AuditAction, Package, PackageStatus
from registry.domain.safety import SafetyStatus
from registry.domain.verdicts import PackageSafety, SafetyPolicy, VerdictSummary
from registry.ports.clock import Clock
from registry.ports.packages import PackageStore
from registry.ports.verdicts import ScanRequestStore, VerdictStore
from registry.services.packages.audit_writer import AuditWriter, by_registry
from registry.services.safety.scanning import Scanning

_log = structlog.get_logger(__name__)
_CHANGE_ATTEMPTS = 100
_OTHERS_SCAN = timedelta(seconds=1)
"""How long a request waits when another process scans its content."""
_UNTOUCHED = (PackageStatus.QUARANTINED, PackageStatus.PENDING, PackageStatus.FAILED)


class VerdictObserver(Protocol):
    def judged(self, status: str) -> None:
        """A verdict that is news for a package was applied to it."""


OnJudged = Callable[[Package, SafetyStatus, str], Awaitable[None]]
"""Hears of packages whose content has a verdict (its status, and who asked) that was not reported before."""


class Applying:
    def __init__(
        self,
        packages: PackageStore,
        requests: ScanRequestStore,
        verdicts: VerdictStore,
        scanning: Scanning,
        *,
        policy: SafetyPolicy,
        audit: AuditWriter,
        clock: Clock,
        on_judged: OnJudged,
    ) -> None:
        self._packages = packages
        self._requests = requests
        self._verdicts = verdicts
        self._scanning = scanning
        self._policy = policy
        self._audit = audit
        self._clock = clock
        self._on_judged = on_judged
        self.observers: list[VerdictObserver] = []

    async def perform(self, package_id: str) -> None:
        """Apply the verdict that the package's request is open for; the content is scanned first where it must be."""
        found = await self._open_request(package_id)
        if found is None:
            return
        package, safety = found
        if package.content is None or safety.due_at is None or safety.due_at > self._clock.now():
            return
        verdict = await self._scanning.verdict_on(package.content, user=safety.asked_by)
        if verdict is None:
            await self._requests.postpone(package_id, safety, due_at=self._clock.now() + _OTHERS_SCAN)
            return
        await self._apply(package_id, safety, verdict)

    async def put_off(self, package_id: str, *, seconds: float) -> None:
        """Have the package's request wait."""
        if (found := await self._open_request(package_id)) is not None:
            due_at = self._clock.now() + timedelta(seconds=seconds)
            await self._requests.postpone(package_id, found[1], due_at=due_at)

    async def apply_known(self, package_id: str) -> None:
        """Apply the verdict where the content has one already."""
        found = await self._open_request(package_id)
        if found is None or found[0].content is None:
            return
        verdict = await self._verdicts.find_summary(found[0].content.sha256)
        if verdict is not None:
            await self._apply(package_id, found[1], verdict)

    async def _open_request(self, package_id: str) -> tuple[Package, PackageSafety] | None:
        """The package with its open request, None when nothing is to be done (now)."""
        try:
            package, safety = await self._packages.get_judged(package_id)
            if package.content is not None and safety.sha256 is None:
                # A package from before there were requests.
                await self._requests.open(package_id, asked_by="", now=self._clock.now())
                package, safety = await self._packages.get_judged(package_id)
        except NotFound:
            return None
        content = package.content
        if content is None or safety.due_at is None or safety.sha256 != content.sha256:
            return None
        return package, safety

    async def _apply(self, package_id: str, safety: PackageSafety, verdict: VerdictSummary) -> None:
        package = await self._enforce(package_id, verdict)
        if package is None:
            return  # its content was replaced, and the new one has a request of its own
        reported = f"{verdict.content_sha256} {verdict.status.value}"
        news = reported != safety.reported
        event = self._audit.judged(package, verdict) if news else None
        settled = await self._requests.settle(package, safety, reported=reported, event=event)
        if settled and news:
            _log.info("package_judged", package_id=package_id, status=verdict.status.value)
            for observer in self.observers:
                observer.judged(verdict.status.value)
            await self._on_judged(package, verdict.status, safety.asked_by)

    async def _enforce(self, package_id: str, verdict: VerdictSummary) -> Package | None:
        """The package as the verdict leaves it. None when it, or this content of it, is gone.

        Changes of others do not get in the way: the quarantine is tried again on what they wrote.
        """
        for _ in range(_CHANGE_ATTEMPTS):
            try:
                package, safety = await self._packages.get_judged(package_id)
            except NotFound:
                return None
            if package.content is None or package.content.sha256 != verdict.content_sha256:
                return None
            lifted = verdict.content_sha256 in safety.lifted
            if not self._policy.refuses(verdict.status) or lifted or package.status in _UNTOUCHED:
                return package
            quarantined = replace(
                package,
                status=PackageStatus.QUARANTINED,
                status_reason=verdict.reason,
                unreleased=package.status is PackageStatus.DRAFT,
                revision=package.revision + 1,
                updated_at=self._clock.now(),
            )
            change = by_registry(self._audit.change(quarantined, None, AuditAction.STATUS))
            try:
                await self._packages.replace(quarantined, change, expected_revision=package.revision)
            except RevisionConflict:
                continue
            except NotFound:
                return None
            _log.warning("package_quarantined", package_id=package_id, reason=verdict.reason)
            return quarantined
        raise Unavailable("The package is being changed by many others.")
