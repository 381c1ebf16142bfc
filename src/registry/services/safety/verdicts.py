"""Asking for a package's verdict, and whether its content may be served."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from registry.domain.accounts import Caller
from registry.domain.packages import Package, PackageStatus
from registry.domain.serving_errors import ContentUnavailable, NotScannedYet, Quarantined
from registry.domain.verdicts import PackageSafety, SafetyPolicy, Verdict
from registry.ports.clock import Clock
from registry.ports.verdicts import ScanRequestStore, VerdictStore
from registry.services.packages.catalog import Catalog
from registry.services.safety.applying import Applying, VerdictObserver

_LOOK_SECONDS = (0.02, 0.5)
"""How long a waiting request sleeps between looks at the store: first, and at most."""
MOST_COUNTED = 1000
"""Of jobs that are due: more than any number of workers makes in a minute."""
RETRY_AFTER_SECONDS = 2

Hint = Callable[[str, str], None]
"""Hears of a package (id, who asked) whose request is open."""


class Verdicts:
    def __init__(
        self,
        store: VerdictStore,
        requests: ScanRequestStore,
        applying: Applying,
        *,
        catalog: Catalog,
        policy: SafetyPolicy,
        clock: Clock,
        hint: Hint,
    ) -> None:
        self._store = store
        self._requests = requests
        self._applying = applying
        self._catalog = catalog
        self._policy = policy
        self._clock = clock
        self.hint = hint

    async def count_waiting(self) -> int:
        """How many packages wait for a verdict, for all processes together."""
        return await self._requests.count_open()

    async def count_due(self, *, late_seconds: float = 0) -> int:
        """How many packages should have got their verdict by now, and are so late; at most `MOST_COUNTED`."""
        moment = self._clock.now() - timedelta(seconds=late_seconds)
        return len(await self._requests.list_due(moment, limit=MOST_COUNTED))

    @property
    def observers(self) -> list[VerdictObserver]:
        """Who hears of every verdict that is applied."""
        return self._applying.observers

    async def get(self, package_id: str, caller: Caller, *, wait_seconds: float = 0) -> Verdict | None:
        """The verdict on the package's content, once it has been applied to the package. None: it is being made.

        Raises NotFound, and ContentUnavailable for a package that has no content and gets none.
        """
        deadline = self._clock.now() + timedelta(seconds=wait_seconds)
        sleep_seconds, most_seconds = _LOOK_SECONDS
        while True:
            package, safety = await self._catalog.get_judged(package_id, caller)
            found = await self._find(package, safety)
            if found is not None or self._clock.now() >= deadline:
                return found
            await asyncio.sleep(sleep_seconds)
            sleep_seconds = min(most_seconds, sleep_seconds * 1.5)

    async def check_served(self, package: Package, safety: PackageSafety, caller: Caller) -> None:
        """Whether the package's content may be served to the caller. Reads the verdict only while it is not applied.

        Raises Quarantined, NotScannedYet.
        """
        content = package.content
        if content is None:
            return
        judged = safety.judged(content.sha256)
        if judged and not self._policy.refuse_unscanned:
            return
        verdict = await self._store.find_summary(content.sha256)
        if verdict is not None:
            if self._policy.refuses(verdict.status) and content.sha256 not in safety.lifted:
                raise Quarantined(verdict.reason)
        elif not judged and self._policy.require_scan and not await self._catalog.may_change(package, caller):
            await self._ask(package, safety)
            raise NotScannedYet(retry_after_seconds=RETRY_AFTER_SECONDS)

    async def _find(self, package: Package, safety: PackageSafety) -> Verdict | None:
        content = package.content
        if content is None:
            if package.status is PackageStatus.PENDING:
                return None
            raise ContentUnavailable("The package has no content, so there is nothing to scan.")
        found = await self._store.find(content.sha256)
        if found is None:
            await self._ask(package, safety)
        elif not safety.judged(content.sha256):
            await self._applying.apply_known(package.id)
        return found

    async def _ask(self, package: Package, safety: PackageSafety) -> None:
        """Have the content scanned soon: its request is opened where it is not."""
        if safety.due_at is None:
            await self._requests.open(package.id, asked_by="", now=self._clock.now())
        self.hint(package.id, safety.asked_by)
