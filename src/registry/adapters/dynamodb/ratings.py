"""Ratings in DynamoDB, and the requests of those that wait.

Requests lie in a few partitions of their own, which hold what waits or is under way and nothing else. A look for those
that are due reads a bounded number of them, and goes round the partition look by look. A receipt is cut into items
below 400 KB.
"""

import asyncio
import contextlib
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.audit import audit_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import ConditionFailed
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.outbox import event_items
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.scores import score_actions
from registry.adapters.dynamodb.transaction import ABSENT
from registry.domain.errors import TooLarge, Unavailable
from registry.domain.packages import Change
from registry.domain.ratings import RatingStatus
from registry.domain.times import from_microseconds, to_microseconds
from registry.ports.ratings import DueRating, RatingDocument, RatingLease, RatingSummary

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import TransactWriteItemTypeDef

_PART_BYTES = 350_000
_MOST_PARTS = 10
"""A transaction takes 4 MB."""
_OWN = "claim_token = :token"
_READS = 4
LOOKED_AT = 500
"""Requests of a partition in one look for those that are due; the next look goes on from there."""


def rating_request_item(
    package_id: str, *, asked_by: str, due_at: datetime, attempts: int = 0, token: str = ""
) -> Item:
    """A request. `token` is that of the lease, empty while nobody has it."""
    return {
        **keys.rating_request_key(package_id),
        "due_at": number(to_microseconds(due_at)),
        "attempts": number(attempts),
        "asked_by": text(asked_by),
        "claim_token": text(token),
    }


class DynamoRatingStore:
    """Implements `RatingStore`."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table
        self._looked_at: dict[str, str | None] = {}

    async def find(self, package_id: str) -> RatingDocument | None:
        item = await self._table.get(keys.rating_key(package_id))
        return None if item is None else _read_rating(package_id, item)

    async def find_summaries(self, package_ids: Sequence[str]) -> dict[str, RatingSummary]:
        items = await self._table.batch_get([keys.rating_key(package_id) for package_id in dict.fromkeys(package_ids)])
        found = [_read_rating(attribute(item, "pk").removeprefix("R#"), item) for item in items]
        return {
            rating.package_id: RatingSummary(
                rating.package_id, rating.revision, rating.net_score, rating.etag, rating.summary
            )
            for rating in found
        }

    async def find_receipt(self, package_id: str, *, revision: int) -> bytes | None:
        for _ in range(_READS):
            found = {attribute(item, "sk"): item for item in await self._table.query_all(f"R#{package_id}")}
            rating = found.get("rating")
            if rating is None or int(attribute(rating, "revision", "N")) != revision:
                return None
            count, etag = int(attribute(rating, "parts", "N")), attribute(rating, "etag")
            parts = [found.get(keys.receipt_key(package_id, part)["sk"]["S"], {}) for part in range(count)]
            # A query of several pages may meet two ratings.
            if all(attribute(part, "etag") == etag for part in parts):
                return zlib.decompress(b"".join(attribute(part, "body", "B") for part in parts))
        raise Unavailable(f"The package {package_id} is being rated; try again.")

    async def request(
        self,
        package_id: str,
        *,
        asked_by: str,
        now: datetime,
        at_once: bool = False,
        unless_rated: int | None = None,
    ) -> None:
        present = await self._table.get(keys.rating_request_key(package_id))
        if present is None:
            if await self._table.get(keys.record_key(package_id)) is not None:
                await self._request_new(
                    rating_request_item(package_id, asked_by=asked_by, due_at=now), package_id, unless_rated
                )
        elif at_once and not attribute(present, "claim_token") and _due_at(present) > now:
            attempts = int(attribute(present, "attempts", "N"))
            await self._put(
                rating_request_item(package_id, asked_by=asked_by, due_at=now, attempts=attempts),
                _OWN,
                {":token": text("")},
            )

    async def lease(self, package_id: str, *, token: str, now: datetime, until: datetime) -> RatingLease | None:
        present = await self._table.get(keys.rating_request_key(package_id))
        if present is None or _due_at(present) > now:
            return None
        lease = RatingLease(
            package_id, token, int(attribute(present, "attempts", "N")) + 1, attribute(present, "asked_by")
        )
        unchanged = "due_at = :due AND claim_token = :token"
        values: Item = {":due": present["due_at"], ":token": present["claim_token"]}
        return lease if await self._put(_leased(lease, until), unchanged, values) else None

    async def extend(self, lease: RatingLease, *, until: datetime) -> bool:
        return await self._put(_leased(lease, until), _OWN, {":token": text(lease.token)})

    async def finish(
        self,
        lease: RatingLease,
        rating: RatingDocument,
        receipt: bytes,
        change: Change,
        *,
        retry_at: datetime | None = None,
    ) -> bool:
        packed = await asyncio.to_thread(zlib.compress, receipt)
        parts = [packed[start : start + _PART_BYTES] for start in range(0, len(packed), _PART_BYTES)]
        if len(parts) > _MOST_PARTS:
            raise TooLarge("The rating's receipt is larger than the record store takes.")
        puts = [
            _rating_item(rating, parts=len(parts)),
            audit_item(change.audit),
            *event_items(change.events, revision=rating.revision),
            *(
                {**keys.receipt_key(rating.package_id, place), "etag": text(rating.etag), "body": binary(part)}
                for place, part in enumerate(parts)
            ),
        ]
        listing = await score_actions(
            self._table, rating.package_id, revision=rating.revision, lower_bound=rating.net_score_low
        )
        return await self._end(lease, due_at=retry_at, actions=[*map(self._table.put, puts), *listing])

    async def give_back(self, lease: RatingLease, *, due_at: datetime | None) -> None:
        await self._end(lease, due_at=due_at)

    async def list_due(self, now: datetime, *, limit: int) -> Sequence[DueRating]:
        shards = await asyncio.gather(*(self._due(shard, now) for shard in keys.rating_request_shards()))
        due = sorted(
            (_due_at(item), attribute(item, "sk"), attribute(item, "asked_by")) for items in shards for item in items
        )
        places: Counter[str] = Counter()
        ranked = []
        for since, package_id, user in due:
            places[user] += 1
            ranked.append((places[user], since, package_id, user))
        return [DueRating(package_id, user) for _, _, package_id, user in sorted(ranked)[:limit]]

    async def count_requests(self) -> int:
        return sum(await asyncio.gather(*map(self._table.count, keys.rating_request_shards())))

    async def _due(self, shard: str, now: datetime) -> list[Item]:
        """What is due among a number of requests of a partition, from where the last look ended."""
        items, last = await self._table.query(shard, after=self._looked_at.get(shard), limit=LOOKED_AT)
        self._looked_at[shard] = None if last or not items else attribute(items[-1], "sk")
        return [item for item in items if _due_at(item) <= now]

    async def _request_new(self, request: Item, package_id: str, unless_rated: int | None) -> None:
        actions = [self._table.put(request, condition=ABSENT)]
        if unless_rated is not None:
            other = "attribute_not_exists(pk) OR revision <> :revision"
            revision = {":revision": number(unless_rated)}
            actions.append(self._table.check(keys.rating_key(package_id), condition=other, values=revision))
        with contextlib.suppress(ConditionFailed):
            await self._table.transact(actions)

    async def _put(self, item: Item, condition: str, values: Item | None = None) -> bool:
        try:
            await self._table.transact([self._table.put(item, condition=condition, values=values)])
        except ConditionFailed:
            return False
        return True

    async def _end(
        self, lease: RatingLease, *, due_at: datetime | None, actions: "Sequence[TransactWriteItemTypeDef]" = ()
    ) -> bool:
        own: Item = {":token": text(lease.token)}
        if due_at is None:
            end = self._table.delete(keys.rating_request_key(lease.package_id), condition=_OWN, values=own)
        else:
            waiting = rating_request_item(
                lease.package_id, asked_by=lease.asked_by, due_at=due_at, attempts=lease.attempts
            )
            end = self._table.put(waiting, condition=_OWN, values=own)
        try:
            await self._table.transact([end, *actions])
        except ConditionFailed:
            return False
        return True


def _leased(lease: RatingLease, until: datetime) -> Item:
    return rating_request_item(
        lease.package_id, asked_by=lease.asked_by, due_at=until, attempts=lease.attempts, token=lease.token
    )


def _rating_item(rating: RatingDocument, *, parts: int) -> Item:
    item: Item = {
        **keys.rating_key(rating.package_id),
        "revision": number(rating.revision),
        "rating_status": text(rating.status.value),
        "rated": number(to_microseconds(rating.rated_at)),
        "etag": text(rating.etag),
        "summary": binary(rating.summary),
        "body": binary(rating.body),
        "parts": number(parts),
    }
    if rating.net_score is not None:
        item["net_score"] = number(rating.net_score)
    return item


def _read_rating(package_id: str, item: Item) -> RatingDocument:
    net_score = attribute(item, "net_score", "N")
    return RatingDocument(
        package_id=package_id,
        revision=int(attribute(item, "revision", "N")),
        status=RatingStatus(attribute(item, "rating_status")),
        net_score=None if net_score is None else float(net_score),
        rated_at=from_microseconds(int(attribute(item, "rated", "N"))),
        etag=attribute(item, "etag"),
        summary=attribute(item, "summary", "B"),
        body=attribute(item, "body", "B"),
    )


def _due_at(request: Item) -> datetime:
    return from_microseconds(int(attribute(request, "due_at", "N")))
