"""What a policy would have refused: of the catalogue as it is, and of the downloads in the audit trail."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.domain.listing import PackageFilter
from registry.domain.packages import AuditAction, AuditEntry, Package
from registry.domain.policy import Facts, Policy, Refusal, Waiver
from registry.formats.license_expressions import can_choose
from registry.ports.audit import AuditStore
from registry.ports.clock import Clock
from registry.ports.packages import PackageStore
from registry.services.policy.serving import PolicyFacts

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Replayed:
    """A package that the policy refuses now or would have refused, or that only waivers let through.

    `refusals` are those of now. `downloads` are those that would have been refused, by user (None: anonymous readers);
    `reasons` are why, as of their moments.
    """

    package: Package
    refusals: tuple[Refusal, ...]
    waivers: tuple[Waiver, ...]
    downloads: Mapping[str | None, int]
    reasons: tuple[Refusal, ...]


class PolicyReplay:
    """Reads every package once, and the audit trail of those that a rule concerns.

    Scores, verdicts and licenses are those of now; the age of a version is that of each download.
    """

    def __init__(self, packages: PackageStore, audit: AuditStore, facts: PolicyFacts, *, clock: Clock) -> None:
        self._packages = packages
        self._audit = audit
        self._facts = facts
        self._clock = clock

    async def run(self, policy: Policy, *, since: timedelta) -> AsyncIterator[Replayed]:
        """What the policy has something against, newest first. Raises Unavailable."""
        now = self._clock.now()
        async for package in self._offered():
            if not policy.rules_for(package):
                continue
            facts = await self._facts.read(package, policy)
            found = policy.judge(package, facts, now=now, choice=can_choose)
            downloads: Counter[str | None] = Counter()
            reasons: dict[Refusal, None] = {}
            async for entry in self._downloads(package.id, since=now - since):
                if refusals := self._refused(policy, package, facts, entry):
                    downloads[entry.user] += 1
                    reasons |= dict.fromkeys(refusals)
            if found.refusals or found.waivers or downloads:
                yield Replayed(package, found.refusals, found.waivers, downloads, tuple(reasons))

    def _refused(self, policy: Policy, package: Package, facts: Facts, entry: AuditEntry) -> tuple[Refusal, ...]:
        return policy.judge(package, facts, now=entry.at, choice=can_choose).refusals

    async def _offered(self) -> AsyncIterator[Package]:
        after: str | None = None
        while True:
            page = await self._packages.list_page(PackageFilter(status=None), limit=_PAGE, after=after)
            for package in await self._packages.get_many([item.id for item in page.items]) if page.items else ():
                if package.status.is_offered:
                    yield package
            after = page.next_after
            if after is None:
                return

    async def _downloads(self, package_id: str, *, since: datetime) -> AsyncIterator[AuditEntry]:
        after: str | None = None
        while True:
            entries = await self._audit.list_entries(package_id, limit=_PAGE, after=after)
            for entry in entries:
                if entry.at < since:
                    return
                if entry.action is AuditAction.DOWNLOAD:
                    yield entry
            if len(entries) < _PAGE:
                return
            after = entries[-1].id
