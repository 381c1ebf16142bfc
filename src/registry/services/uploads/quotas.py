"""How much a user may bring in."""

from dataclasses import dataclass

from registry.domain.errors import QuotaReached, TooLarge
from registry.domain.quotas import Quota
from registry.ports.uploads import UploadStore
from registry.ports.usage import UsageStore


@dataclass(frozen=True, slots=True)
class QuotaRules:
    """Limits from the settings. `user_bytes` 0: no limit."""

    package_bytes: int
    user_bytes: int
    open_uploads: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many bytes may come in now, and whether it is the user's quota that says so."""

    bytes: int
    by_quota: bool

    def check(self, size: int) -> None:
        """Raises TooLarge, QuotaReached when `size` bytes are too many."""
        if size <= self.bytes:
            return
        if self.by_quota:
            raise QuotaReached(
                f"Your quota has room for {self.bytes} bytes more. Delete packages, or ask an admin for more."
            )
        raise TooLarge(f"The content is larger than {self.bytes} bytes.")


class Quotas:
    """What is stored and what open uploads announce counts.

    `allowance_for` and `check_upload` look before bytes come in, so that few are sent in vain. What holds is
    `quota_of`, by which the write of the record looks again.
    """

    def __init__(self, usage: UsageStore, uploads: UploadStore, rules: QuotaRules) -> None:
        self._usage = usage
        self._uploads = uploads
        self._rules = rules

    def quota_of(self, user: str) -> Quota | None:
        """What the user may store, None for any amount."""
        rules = self._rules
        return Quota(user, rules.user_bytes, rules.open_uploads) if rules.user_bytes else None

    async def allowance_for(self, user: str, *, freed_bytes: int = 0) -> Allowance:
        """The room for one more content of `user`, who gives up `freed_bytes` for it."""
        if not self._rules.user_bytes:
            return Allowance(self._rules.package_bytes, by_quota=False)
        announced = sum(upload.size for upload in await self._uploads.list_open(user, limit=self._rules.open_uploads))
        stored = await self._usage.stored_bytes(user)
        left = max(0, self._rules.user_bytes - stored - announced + freed_bytes)
        return Allowance(min(left, self._rules.package_bytes), by_quota=left < self._rules.package_bytes)

    async def check_upload(self, user: str, size: int) -> None:
        """Raises Throttled for one open upload too many, TooLarge, QuotaReached."""
        limit = self._rules.open_uploads
        opened = len(await self._uploads.list_open(user, limit=limit))
        Quota(user, self._rules.user_bytes, limit).check_uploads(opened + 1)
        (await self.allowance_for(user)).check(size)
