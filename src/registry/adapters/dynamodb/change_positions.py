"""How far a follower is in the log of changes: one position for each shard. Pure: entries in, positions out.

An entry stands under its writer's time and becomes visible a little later, so entries do not appear in their order. A
follower reads each shard on from `start`, which it moves in two ways:

- It never passes what has not been reported, and never the follower's own clock: a writer whose clock is ahead cannot
  make it skip entries of others.
- It stays `LOOK_BACK` before now, where nothing can appear any more; but no more than `OVERLAP` reported entries before
  the newest, so that a busy log is not read again and again.

What was passed before its time is read a second time once nothing can appear there. Until then a sum over the
fingerprints of each second's reported entries is kept: where it differs, that second's packages are reported again.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b

import orjson

MAX_SKEW = timedelta(seconds=60)
"""So far the clocks of two hosts may be apart without a change being missed."""
MAX_WRITE = timedelta(seconds=10)
"""A write is visible to all readers, or will never be, so long after its entry was made."""
LOOK_BACK = MAX_SKEW + MAX_WRITE + timedelta(seconds=5)
OVERLAP = 20
"""With as many new entries a shard's query still costs one read unit."""
SECOND_READ = timedelta(seconds=15)
"""So much is read a second time at once."""
_SECOND = len("2026-12-01T00:00:00")
_SECOND_BEGINS = ".000000+00:00"
_SUM_BITS = (1 << 48) - 1


def moment(at: datetime) -> str:
    """A sort key before those of all entries of this time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(key: str) -> datetime:
    """The time of a sort key."""
    return datetime.fromisoformat(key.partition("#")[0])


@dataclass(frozen=True)
class Entry:
    """A change in the log, under its sort key."""

    key: str
    package_id: str

    @cached_property
    def fingerprint(self) -> int:
        """48 bits that stand for the key."""
        return int.from_bytes(blake2b(self.key.encode(), digest_size=6).digest(), "big")

    @property
    def second(self) -> str:
        """When it was made, to the second."""
        return self.key[:_SECOND]


@dataclass(frozen=True, slots=True)
class Times:
    """The follower's clock as sort keys: `now`, and `horizon`, up to which no entry can appear any more."""

    now: str
    horizon: str

    @classmethod
    def of(cls, at: datetime) -> "Times":
        return cls(moment(at), moment(at - LOOK_BACK))


@dataclass(frozen=True, slots=True)
class Position:
    """In one shard. All keys are sort keys; `settled` ≤ `start`.

    `start`: everything up to it has been reported, but for what appeared too late. `reported`: fingerprints of reported
    entries after it. `settled`: nothing appears before it any more. `sums`: of the fingerprints of reported entries
    between the two, by second.
    """

    start: str
    settled: str
    reported: tuple[int, ...] = ()
    sums: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, key: str) -> "Position":
        return cls(key, key)

    def new_among(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those that have not been reported."""
        reported = set(self.reported)
        return [entry for entry in entries if entry.fingerprint not in reported]

    def after(self, entries: Sequence[Entry], done: Collection[Entry], times: Times, *, exhausted: bool) -> "Position":
        """The position when `done` of `entries` are reported, too. `entries` follow `start` without a gap, in order.

        `exhausted` says that those are all there are by now.
        """
        known = {*self.reported, *(entry.fingerprint for entry in done)}
        unknown = next((place for place, each in enumerate(entries) if each.fingerprint not in known), None)
        # Those that may be passed: reported, without a gap, and not ahead of this clock.
        passable = [entry.key for entry in (entries if unknown is None else entries[:unknown])]
        passable = passable[: bisect_right(passable, times.now)]
        passed = max(len(passable) - OVERLAP, bisect_right(passable, times.horizon))
        position = self._past(entries[:passed], times)
        kept = [entry.fingerprint for entry in entries[passed:] if entry.fingerprint in known]
        if not exhausted:
            kept += sorted(set(self.reported).difference(entry.fingerprint for entry in entries))
        position = replace(position, reported=tuple(kept))
        if exhausted and unknown is None and position.start < times.horizon:
            settled = times.horizon if position.settled == position.start else position.settled
            position = replace(position, start=times.horizon, settled=settled)
        return position

    def _past(self, entries: Sequence[Entry], times: Times) -> "Position":
        start, settled, sums = self.start, self.settled, dict(self.sums)
        for entry in entries:
            if settled == start and entry.key <= times.horizon:
                settled = entry.key
            else:
                sums[entry.second] = (sums.get(entry.second, 0) + entry.fingerprint) & _SUM_BITS
            start = entry.key
        return Position(start, settled, self.reported, sums)

    def second_read(self, at: datetime) -> str | None:
        """The key up to which the shard is to be read a second time, from `settled` on; None while nothing is due."""
        horizon = moment(at - LOOK_BACK)
        if self.start <= horizon:
            return self.start if self.settled < self.start else None
        return horizon[:_SECOND] + _SECOND_BEGINS if self.settled < moment(at - LOOK_BACK - SECOND_READ) else None

    def after_second(self, entries: Iterable[Entry], *, to: str, limit: int) -> "tuple[Position, list[Entry]]":
        """The position after a second read up to `to`, and the entries of each second that was not reported whole.

        With `limit` entries or more it ends with their second, and the rest is due again.
        """
        by_second: dict[str, list[Entry]] = {}
        for entry in entries:
            by_second.setdefault(entry.second, []).append(entry)
        again: list[Entry] = []
        for second, found in by_second.items():
            if len(again) >= limit:
                to = second + _SECOND_BEGINS
                break
            if sum(entry.fingerprint for entry in found) & _SUM_BITS != self.sums.get(second, 0):
                again += found
        left = {second: total for second, total in self.sums.items() if second >= to[:_SECOND] and to != self.start}
        return replace(self, settled=to, sums=left), again


@dataclass(frozen=True, slots=True)
class Cursor:
    """The positions in all shards."""

    positions: tuple[Position, ...]

    @property
    def settled(self) -> str:
        """Up to here all changes have been reported, for good."""
        return min(position.settled for position in self.positions)

    def second_read_is_due(self, at: datetime) -> bool:
        """Whether a shard is to be read a second time."""
        return any(position.second_read(at) is not None for position in self.positions)

    def encode(self) -> str:
        """As text. Its first part is all that a version needs that knows no shards."""
        shards = [[each.start, each.settled, each.reported, each.sums] for each in self.positions]
        return orjson.dumps([moment(time_of(self.settled)), {"shards": shards}]).decode()

    @classmethod
    def decode(cls, text: str, *, shards: int) -> "Cursor":
        """Of one that was written for another number of shards its time is what counts."""
        at, rest = orjson.loads(text)
        parts = rest["shards"] if isinstance(rest, dict) else []
        if len(parts) == shards:
            return cls(tuple(Position(start, settled, tuple(done), sums) for start, settled, done, sums in parts))
        return cls((Position.at(moment(datetime.fromisoformat(at) - LOOK_BACK)),) * shards)
