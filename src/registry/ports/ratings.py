"""Where ratings are kept, and which of them wait to be made.

A package's write requests its rating in the same transaction: the record is the outbox. A request holds when it
is due. A worker that leases it moves that time ahead and keeps doing so while at work, so that the request of a
worker that died becomes due again by itself. A request that is set again has a new lease: what was under way then finds
its own void, and stores nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.packages import Change
from registry.domain.ratings import RatingStatus
from registry.domain.scores import lower_bound, score_range


@dataclass(frozen=True, slots=True)
class RatingDocument:
    """A package's latest rating as it is served. `body` is its JSON, `summary` that of `?include=rating`."""

    package_id: str
    revision: int
    status: RatingStatus
    net_score: float | None
    rated_at: datetime
    etag: str
    summary: bytes
    body: bytes

    @property
    def net_score_low(self) -> float | None:
        """The lower bound of the net score, by which listings find the package. None where it has no net score."""
        return lower_bound(self.summary)


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """What lists and parents need of a package's latest rating."""

    package_id: str
    revision: int
    net_score: float | None
    etag: str
    summary: bytes

    @property
    def net_score_low(self) -> float | None:
        """As that of a `RatingDocument`."""
        return lower_bound(self.summary)

    @property
    def net_score_range(self) -> tuple[float, float] | None:
        """Where the net score lies, whatever is unknown. None where there is no net score."""
        return score_range(self.summary)


@dataclass(frozen=True, slots=True)
class RatingLease:
    """The right to make a package's rating until the lease ends. `attempts` counts leases since the request was set.

    `asked_by` is empty when the registry itself wants it.
    """

    package_id: str
    token: str
    attempts: int
    asked_by: str


@dataclass(frozen=True, slots=True)
class DueRating:
    """A rating to make, and for whom."""

    package_id: str
    asked_by: str


class RatingStore(Protocol):
    """All methods raise Unavailable when the store cannot answer."""

    async def find(self, package_id: str) -> RatingDocument | None:
        """The latest rating in one point read, of whatever revision; None when there is none."""

    async def find_summaries(self, package_ids: Sequence[str]) -> dict[str, RatingSummary]:
        """The latest ratings of these packages, in as few calls as may be. Those without one are left out."""

    async def find_receipt(self, package_id: str, *, revision: int) -> bytes | None:
        """The receipt of the rating of this revision, None when that is not the latest."""

    async def request(
        self,
        package_id: str,
        *,
        asked_by: str,
        now: datetime,
        at_once: bool = False,
        unless_rated: int | None = None,
    ) -> None:
        """Have the rating made. No effect when it waits or is under way; `at_once` ends the wait for another try.

        No effect when there is no such package, or when a rating of the revision `unless_rated` is there: it may have
        come since the asker looked for one, and would be made twice.
        """

    async def lease(self, package_id: str, *, token: str, now: datetime, until: datetime) -> RatingLease | None:
        """Take the request when it is due, for one of all who try; None for the others and without a request."""

    async def extend(self, lease: RatingLease, *, until: datetime) -> bool:
        """Hold on to a lease. False when it is void."""

    async def finish(
        self,
        lease: RatingLease,
        rating: RatingDocument,
        receipt: bytes,
        change: Change,
        *,
        retry_at: datetime | None = None,
    ) -> bool:
        """Store the rating and what goes with it (audit entry, events), and end the request or set it for another try.

        Where it is of the package's current revision, the package is listed by the lower bound of its net score from
        now on. All or nothing; False, and nothing stored, when the lease is void.
        """

    async def give_back(self, lease: RatingLease, *, due_at: datetime | None) -> None:
        """End the lease without a rating: due again at that time, or never (None). No effect when it is void."""

    async def list_due(self, now: datetime, *, limit: int) -> Sequence[DueRating]:
        """Requests that are due: the one that has been longest of each user, then each user's second, and so on.

        So one user's many requests do not keep those of others off the list. Where very many wait, a store may look
        at a part of them in one call, and at the next part in the next.
        """

    async def count_requests(self) -> int:
        """How many ratings wait or are under way."""
