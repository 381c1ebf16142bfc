"""What is recorded with a change: the audit entry, the events and by whose right it is made."""

from dataclasses import replace

from registry.domain.accounts import Caller
from registry.domain.events import Event, EventType
from registry.domain.packages import (
    AuditAction,
    AuditEntry,
    Change,
    Package,
)
from registry.domain.quotas import Quota
from registry.domain.ratings import Rating
from registry.domain.verdicts import VerdictSummary
from registry.ports.clock import Clock, IdSource

_EVENT_TYPES = {
    AuditAction.CREATE: EventType.PACKAGE_CREATED,
    AuditAction.UPDATE: EventType.PACKAGE_UPDATED,
    AuditAction.STATUS: EventType.PACKAGE_UPDATED,
    AuditAction.DELETE: EventType.PACKAGE_DELETED,
    AuditAction.RELEASE: EventType.PACKAGE_UPDATED,
}


def by(caller: Caller, change: Change, *, quota: Quota | None = None) -> Change:
    """The change by the right of its caller, within the quota: admins need not own the name."""
    return replace(change, principal=caller.principal, overrides_owners=caller.is_admin, quota=quota)


def by_registry(change: Change) -> Change:
    """The change as the registry's own: nobody need own the name."""
    return replace(change, overrides_owners=True)


class AuditWriter:
    """Makes audit entries and what goes with them: who, what, when."""

    def __init__(self, clock: Clock, ids: IdSource) -> None:
        self._clock = clock
        self._ids = ids

    def change(self, package: Package, user: str | None, action: AuditAction) -> Change:
        """What is to be recorded with a change: `package` as it is afterwards (when deleted: as it was at last)."""
        entry = self.entry(package, user, action)
        details: dict[str, str | int | None] = {
            "name": package.name,
            "version": str(package.version),
            "type": package.type.value,
            "status": package.status.value,
            "revision": package.revision,
        }
        event = Event(self._ids.new_id(), _EVENT_TYPES[action], entry.at, package.id, details)
        return Change(entry, events=(event,))

    def rated(self, package: Package, user: str | None, rating: Rating) -> Change:
        """What is to be recorded with a rating that `user` asked for, or whose change it follows."""
        entry = self.entry(package, user, AuditAction.RATE)
        details = {"revision": rating.revision, "status": rating.status.value, "net_score": rating.net_score}
        event = Event(self._ids.new_id(), EventType.RATING_COMPLETED, entry.at, package.id, details)
        return Change(entry, events=(event,))

    def judged(self, package: Package, verdict: VerdictSummary) -> Event:
        """What webhooks hear of a verdict on the package's content."""
        details: dict[str, str | int | None] = {
            "name": package.name,
            "version": str(package.version),
            "type": package.type.value,
            "revision": package.revision,
            "content_sha256": verdict.content_sha256,
            "status": verdict.status.value,
        }
        return Event(self._ids.new_id(), EventType.SAFETY_COMPLETED, self._clock.now(), package.id, details)

    def entry(self, package: Package, user: str | None, action: AuditAction) -> AuditEntry:
        return AuditEntry(
            id=self._ids.new_id(),
            package_id=package.id,
            at=self._clock.now(),
            user=user,
            action=action,
            revision=package.revision,
            sha256=package.content.sha256 if package.content else None,
        )
