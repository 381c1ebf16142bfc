"""Bringing old packages up to date, slowly: ratings of an earlier formula or receipt, contents never scanned.

One walk over all packages for each of these versions and safety policy. Where it is stands in the records, so it goes
on after a restart; several processes may walk at once, for everything here can be done twice.
"""

import asyncio
from dataclasses import dataclass

import orjson
import structlog

from registry.domain.errors import NotFound, RegistryError
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import PackageStatus
from registry.domain.ratings import FORMULA_VERSION
from registry.domain.receipts import RECEIPT_FORM
from registry.domain.verdicts import SafetyPolicy
from registry.ports.clock import Clock
from registry.ports.maintenance import UpgradeStore
from registry.ports.packages import PackageStore
from registry.ports.ratings import RatingDocument, RatingStore
from registry.ports.verdicts import ScanRequestStore

_log = structlog.get_logger(__name__)
_NAME = "packages"
_DONE = "done"
_PACKAGES_AT_ONCE = 20
_AFTER_FAILURE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RefreshStores:
    """The ports that a refresh needs."""

    packages: PackageStore
    ratings: RatingStore
    requests: ScanRequestStore
    upgrades: UpgradeStore


class Refreshing:
    def __init__(self, stores: RefreshStores, *, policy: SafetyPolicy, clock: Clock, pause_seconds: float) -> None:
        """`pause_seconds`: between two packages, so that the work that follows does not crowd out what is new."""
        self._packages = stores.packages
        self._ratings = stores.ratings
        self._requests = stores.requests
        self._upgrades = stores.upgrades
        self._policy = policy
        self._clock = clock
        self._pause_seconds = pause_seconds
        unscanned = "refused" if policy.refuse_unscanned else "served"
        self._wanted = f"formula {FORMULA_VERSION}, receipt {RECEIPT_FORM}, unscanned {unscanned}"

    async def run(self) -> None:
        """Walk to the end, then wait to be cancelled."""
        while True:
            try:
                while await self.step():
                    pass
                await asyncio.Event().wait()
            except RegistryError as error:
                _log.warning("refresh_waits", reason=str(error))
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)

    async def step(self) -> bool:
        """Refresh some packages. Whether there may be more."""
        state = await self._upgrades.find(_NAME)
        wanted, _, after = (state or "").partition("; ")
        if wanted == self._wanted and after == _DONE:
            return False
        start = after if wanted == self._wanted else ""
        page = await self._packages.list_page(
            PackageFilter(status=None, order=Order.OLDEST), limit=_PACKAGES_AT_ONCE, after=start or None
        )
        for item in page.items:
            await self._refresh(item.id)
            await asyncio.sleep(self._pause_seconds)
        reached = page.next_after or _DONE
        await self._upgrades.swap(_NAME, f"{self._wanted}; {reached}", expected=state)
        if reached == _DONE:
            _log.info("packages_refreshed", wanted=self._wanted)
        return reached != _DONE

    async def _refresh(self, package_id: str) -> None:
        try:
            package, safety = await self._packages.get_judged(package_id)
        except NotFound:
            return
        if package.status is PackageStatus.PENDING:
            return
        now = self._clock.now()
        if safety.sha256 is None or self._policy.refuse_unscanned:
            await self._requests.open(package_id, asked_by="", now=now)
        rating = await self._ratings.find(package_id)
        if rating is not None and not await self._is_current(rating):
            await self._ratings.request(package_id, asked_by="", now=now)

    async def _is_current(self, rating: RatingDocument) -> bool:
        """Whether this program can compute the rating again from its receipt."""
        if orjson.loads(rating.body).get("formula_version") != FORMULA_VERSION:
            return False
        receipt = await self._ratings.find_receipt(rating.package_id, revision=rating.revision)
        return receipt is None or orjson.loads(receipt).get("form") == RECEIPT_FORM
