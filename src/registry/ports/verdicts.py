"""Where verdicts are kept, and which contents wait for one.

The write that brings content to a package opens a scan request in the same transaction: the record is the outbox. A
request is due until its verdict has been applied to the package and settled. Scans themselves are leased by the
content's SHA-256, so a content is scanned once, whatever the number of packages that have it. A lease that is not
extended ends by itself.

All methods raise Unavailable when the store cannot answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.events import Event
from registry.domain.packages import Package
from registry.domain.verdicts import PackageSafety, Verdict, VerdictSummary


@dataclass(frozen=True, slots=True)
class ScanLease:
    """The right to scan a content until the lease ends. `attempts` counts leases that ended without a verdict."""

    sha256: str
    token: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DueRequest:
    """A package whose verdict is to be applied, and whose content it is (empty: the registry asks)."""

    package_id: str
    asked_by: str


class VerdictStore(Protocol):
    """Verdicts by the content's SHA-256 (hex), and the leases on scans."""

    async def find(self, sha256: str) -> Verdict | None:
        """The verdict, None while there is none."""

    async def find_summary(self, sha256: str) -> VerdictSummary | None:
        """The verdict without its body, in one point read."""

    async def lease(
        self, sha256: str, *, scanner_version: int, token: str, now: datetime, until: datetime
    ) -> ScanLease | None:
        """Take the scan of a content, for one of all who try.

        None for the others, and when there is a verdict of this scanner version or a later one.
        """

    async def extend(self, lease: ScanLease, *, until: datetime) -> bool:
        """Hold on to a lease. False when it is void."""

    async def finish(self, lease: ScanLease, verdict: Verdict) -> bool:
        """Keep the verdict in place of an earlier one and end the lease. False, and nothing kept, when it is void."""

    async def give_back(self, lease: ScanLease) -> None:
        """End the lease without a verdict, as if it had not been taken. No effect when it is void."""

    async def list_outdated(self, scanner_version: int, *, limit: int) -> Sequence[str]:
        """Digests of verdicts that an older scanner made, oldest version first. Failed scans are left out."""

    async def remove_unused(self, sha256: str) -> bool:
        """Drop the verdict on a content that no package has. Whether it was dropped."""


class ScanRequestStore(Protocol):
    """The scan requests of packages. PackageStore opens them, and reads them with the package."""

    async def list_due(self, now: datetime, *, limit: int) -> Sequence[DueRequest]:
        """The requests that are due, in a fair order: each user's first, then each user's second, and so on."""

    async def open(self, package_id: str, *, asked_by: str, now: datetime) -> None:
        """Have the verdict on the package's content applied (again). No effect without content or while it waits."""

    async def open_all(self, sha256: str, *, now: datetime) -> int:
        """Have the verdict on this content applied again to every package that has it; to how many."""

    async def list_packages(self, sha256: str, *, limit: int) -> Sequence[str]:
        """Packages to which the verdict on this content has been applied."""

    async def postpone(self, package_id: str, safety: PackageSafety, *, due_at: datetime) -> None:
        """Have an open request wait. No effect when it has changed since `safety` was read."""

    async def settle(self, package: Package, safety: PackageSafety, *, reported: str, event: Event | None) -> bool:
        """Note that the verdict has been applied for which the request is open, and record `event`, in one write.

        False, and nothing is written, when the request has changed since `safety` was read.
        """

    async def count_open(self) -> int:
        """How many requests are open."""
