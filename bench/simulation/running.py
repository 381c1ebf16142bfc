"""Runs the simulation: requests, hosts that follow the changes, and the log of audit entries, second by second."""

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from bench.engine.capacity import Counters, item_size
from bench.engine.operations import Engine
from bench.simulation.local import SimulatedClock, open_local_table
from bench.simulation.world import BOT, World
from registry.adapters.dynamodb.accounts import DynamoAccountStore
from registry.adapters.dynamodb.api_tokens import DynamoApiTokenStore, TokenOwners
from registry.adapters.dynamodb.audit import DynamoAuditStore
from registry.adapters.dynamodb.audit_log import DynamoAuditLog
from registry.adapters.dynamodb.changes import DynamoChangeFeed
from registry.adapters.dynamodb.packages import DynamoPackageStore
from registry.adapters.dynamodb.ratings import DynamoRatingStore
from registry.adapters.dynamodb.reading import DynamoDocumentReader
from registry.adapters.dynamodb.table import create_table
from registry.domain.accounts import Account
from registry.domain.errors import RegistryError
from registry.domain.events import EventType
from registry.domain.listing import PackageFilter
from registry.domain.packages import AuditAction, Package, PackageType

MIX = Path(__file__).parents[2] / "load" / "mix.json"
READ_LIMIT, WRITE_LIMIT = 3_000, 1_000
"""Units that a partition gives in a second."""
POLL_SECONDS = 0.5
_FOLLOWED_AT_ONCE = 200
_PAGE = 50
_FILTERS = (
    (60, PackageFilter()),
    (15, PackageFilter(tag="nlp")),
    (10, PackageFilter(type=PackageType.MODEL)),
    (10, PackageFilter(name=f"{BOT}/nightly")),
    (5, PackageFilter(created_by=BOT)),
)
"""What pages are asked for, with their weights."""


@dataclass(frozen=True, slots=True)
class Plan:
    seconds: int
    requests: int
    hosts: int
    packages: int
    all_packages: int
    followers: int
    call_seconds: float
    lease_seconds: float
    seed: int


@dataclass(slots=True)
class Result:
    """What was counted. Units are of all simulated seconds together; `hottest` are the most that a key took in one."""

    plan: Plan
    requests: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    units: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    read_by_kind: Counter[str] = field(default_factory=Counter)
    write_by_kind: Counter[str] = field(default_factory=Counter)
    hottest_reads: Counter[str] = field(default_factory=Counter)
    hottest_writes: Counter[str] = field(default_factory=Counter)
    refused_reads: float = 0.0
    refused_writes: float = 0.0
    lags: list[float] = field(default_factory=list)
    bytes_per_package: float = 0.0
    per_publish: dict[str, float] = field(default_factory=dict)
    """Write units that one publish takes from a key, by what the key stands for."""


@dataclass(slots=True)
class _Follower:
    """An index that holds nothing and notes how late it learns of each change."""

    host: int
    changed_at: dict[str, float]
    cursor: str = ""
    known: dict[str, float] = field(default_factory=dict)

    async def catch_up(self, feed: DynamoChangeFeed, packages: DynamoPackageStore, run: "_Run") -> None:
        client, before = run.client, run.client.calls
        while True:
            page = await feed.read(self.cursor, limit=_FOLLOWED_AT_ONCE, current=False)
            if page is None:
                self.cursor = await feed.latest()
                return
            if page.package_ids:
                await packages.get_many(page.package_ids)
            known_at = run.clock.seconds + (client.calls - before) * run.plan.call_seconds
            for each in page.package_ids:
                # A change may be reported again; the first report counts.
                changed_at = self.changed_at.get(each)
                if changed_at is not None and self.known.get(each) != changed_at:
                    self.known[each] = changed_at
                    run.result.lags.append(known_at - changed_at)
            self.cursor = page.cursor
            if page.complete:
                return


class _Run:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.result = Result(plan)
        self.clock = SimulatedClock()
        self.engine = Engine()
        self.table, self.client = open_local_table(self.engine)
        self.world = World.of(self.clock, all_packages=plan.all_packages, seed=plan.seed)
        self.packages = DynamoPackageStore(self.table, clock=self.clock)
        self.accounts = DynamoAccountStore(self.table)
        owners = TokenOwners()
        self.reader = DynamoDocumentReader(self.table, self.packages, DynamoApiTokenStore(self.table, owners), owners)
        self.audit = DynamoAuditStore(self.table)
        self.log = DynamoAuditLog(self.table, self.clock)
        self.ratings = DynamoRatingStore(self.table)
        self.feed = DynamoChangeFeed(self.table, clock=self.clock)
        self.changed_at: dict[str, float] = {}
        self.sessions: dict[tuple[int, str], float] = {}
        self.accounts_made: set[str] = set()
        self.chance = random.Random(plan.seed)
        weights = json.loads(MIX.read_text(encoding="utf-8"))["weights"]
        self.operations = list(weights)
        self.weights = list(weights.values())

    async def fill(self) -> None:
        await create_table(self.table)
        for _ in range(self.plan.packages):
            await self.publish()
        await self._sequence()
        table = next(iter(self.engine.tables.values()))
        stored = sum(item_size(item) + 100 for part in table.base.partitions.values() for item in part.items.values())
        for keyed, _ in table.indexes.values():
            stored += sum(item_size(item) + 100 for part in keyed.partitions.values() for item in part.items.values())
        self.result.bytes_per_package = stored / self.plan.packages

    async def publish(self) -> None:
        package = self.world.new_package()
        await self.packages.add(package, self.world.change(package, AuditAction.CREATE, EventType.PACKAGE_CREATED))
        self._has_changed(package)
        self.world.packages.append(package)

    async def request(self) -> None:
        """One request of the mix, by some user to some host."""
        operation = self.chance.choices(self.operations, self.weights)[0]
        user, host = self.world.user(), self.chance.randrange(self.plan.hosts)
        await self._sign_up(user)
        before = self._totals()
        try:
            await getattr(self, f"_{operation}")(host, user)
        except RegistryError as error:
            self.result.failed[type(error).__name__] += 1
        self.result.requests[operation] += 1
        spent = self.result.units[operation]
        for place, (now, then) in enumerate(zip(self._totals(), before, strict=True)):
            spent[place] += now - then

    async def _sign_up(self, user: str) -> None:
        """Make the user's account where there is none, uncounted."""
        if user in self.accounts_made:
            return
        counters, self.engine.counters = self.engine.counters, Counters()
        await self.accounts.add(Account(user, "hash", frozenset(), "epoch", self.clock.now(), id=user))
        self.accounts_made.add(user)
        self.engine.counters = counters

    def end_second(self) -> None:
        """Take note of what each key took, and begin to count again."""
        result, counters = self.result, self.engine.counters
        result.read_by_kind.update(counters.read_by_kind)
        result.write_by_kind.update(counters.write_by_kind)
        for hottest, units in (
            (result.hottest_reads, counters.read_by_partition),
            (result.hottest_writes, counters.write_by_partition),
        ):
            for key, most in units.most_common(100):
                hottest[key] = max(hottest[key], most)
        result.refused_reads += _beyond(counters.read_by_partition, READ_LIMIT)
        result.refused_writes += _beyond(counters.write_by_partition, WRITE_LIMIT)
        self.engine.counters = Counters()

    async def follow(self, follower: _Follower) -> None:
        """One round of a host; counted for all hosts, which do the same."""
        before = self._snapshot()
        await follower.catch_up(self.feed, self.packages, self)
        self._multiply(before, self.plan.hosts / self.plan.followers)

    async def _sequence(self) -> None:
        while await self.log.sequence():
            pass

    async def sequence(self) -> None:
        """Give the audit entries of this second their positions in the log, as one process does for all."""
        await self._sequence()

    def _totals(self) -> tuple[float, float]:
        counters = self.engine.counters
        return sum(counters.read.values()), sum(counters.write.values())

    def _snapshot(self) -> tuple[Counter[str], Counter[str]]:
        return self.engine.counters.read_by_partition.copy(), self.engine.counters.read_by_kind.copy()

    def _multiply(self, before: tuple[Counter[str], Counter[str]], by: float) -> None:
        now = (self.engine.counters.read_by_partition, self.engine.counters.read_by_kind)
        for counted, earlier in zip(now, before, strict=True):
            for key in [key for key, units in counted.items() if units != earlier[key]]:
                counted[key] += (counted[key] - earlier[key]) * (by - 1)  # type: ignore[assignment]

    def _leased(self, host: int, user: str) -> bool:
        """Whether the host may use what it read of the user's session before; else it reads it now."""
        read_at = self.sessions.get((host, user), -1e9)
        if self.clock.seconds - read_at < self.plan.lease_seconds:
            return True
        self.sessions[host, user] = self.clock.seconds
        return False

    async def _session(self, host: int, user: str) -> None:
        if not self._leased(host, user):
            await self.accounts.find_session(user, f"token-{user}")

    async def _read(self, host: int, user: str) -> None:
        package = self.world.packages[self.world.place()]
        if self._leased(host, user):
            await self.table_read(package)
        else:
            await self.reader.find_for_session(package.id, user=user, token_id=f"token-{user}")

    async def table_read(self, package: Package) -> None:
        """A read by id of a host that has the session."""
        await self.packages.find_document(package.id)

    async def _list(self, host: int, user: str) -> None:
        await self._session(host, user)
        wanted = self.chance.choices([each for _, each in _FILTERS], [weight for weight, _ in _FILTERS])[0]
        await self.packages.list_page(wanted, limit=_PAGE, after=None)

    async def _download(self, host: int, user: str) -> None:
        await self._session(host, user)
        package = self.world.packages[self.world.place()]
        await self.packages.get_judged(package.id)
        await self.audit.append([self.world.entry(package, AuditAction.DOWNLOAD)])

    async def _publish(self, host: int, user: str) -> None:
        await self._session(host, user)
        await self.publish()

    async def _replace(self, host: int, user: str) -> None:
        await self._session(host, user)
        place = self.chance.randrange(len(self.world.packages))
        old = self.world.packages[place]
        new = self.world.replaced(old)
        await self.packages.get(old.id)
        change = self.world.change(new, AuditAction.UPDATE, EventType.PACKAGE_UPDATED)
        await self.packages.replace(new, change, expected_revision=old.revision)
        self.world.packages[place] = new
        self._has_changed(new)

    async def _delete(self, host: int, user: str) -> None:
        await self._session(host, user)
        # The last ones: those at the head stay popular.
        package = self.world.packages.pop(-1 - self.chance.randrange(min(1_000, len(self.world.packages))))
        await self.packages.get(package.id)
        change = self.world.change(package, AuditAction.DELETE, EventType.PACKAGE_DELETED)
        await self.packages.remove(package.id, change, expected_revision=package.revision)
        self._has_changed(package)

    async def _regex(self, host: int, user: str) -> None:
        await self._session(host, user)
        found = self.chance.sample(self.world.packages, 20)
        await self.packages.find_summaries([package.id for package in found])

    async def _rate(self, host: int, user: str) -> None:
        await self._session(host, user)
        await self.ratings.find(self.world.packages[self.world.place()].id)

    def _has_changed(self, package: Package) -> None:
        self.changed_at[package.id] = self.clock.seconds


async def simulate(plan: Plan) -> Result:
    """Fill a table, then have all hosts work for the simulated seconds."""
    run = _Run(plan)
    await run.fill()
    run.result.per_publish = await _publish_units(run)
    followers = [_Follower(host, run.changed_at, await run.feed.latest()) for host in range(plan.followers)]
    run.engine.counters = Counters()
    run.changed_at.clear()
    for second in range(plan.seconds):
        polls = sorted(
            (second + step * POLL_SECONDS + follower.host * POLL_SECONDS / plan.followers, follower.host)
            for step in range(int(1 / POLL_SECONDS))
            for follower in followers
        )
        for number in range(plan.requests):
            run.clock.seconds = second + number / plan.requests
            while polls and polls[0][0] <= run.clock.seconds:
                await run.follow(followers[polls.pop(0)[1]])
            await run.request()
        run.clock.seconds = second + 1.0
        await run.sequence()
        run.end_second()
    return run.result


async def _publish_units(run: _Run) -> dict[str, float]:
    """What a publish takes from the keys that publishes of one value share."""
    package = run.world.new_package()
    run.engine.counters = Counters()
    await run.packages.add(package, run.world.change(package, AuditAction.CREATE, EventType.PACKAGE_CREATED))
    taken = run.engine.counters.write_by_partition
    run.world.packages.append(package)
    return {key: float(units) for key, units in taken.items()}


def _beyond(units: Counter[str], limit: int) -> float:
    return sum(each - limit for each in units.values() if each > limit)
