"""Who asks for what in the simulation: packages, users and requests, drawn from distributions with a long tail.

The head of each distribution is what makes partitions hot, so its shares are those of a registry of a million packages
even where fewer are in the table: what is drawn from the tail beyond them is one of those that are there.
"""

import hashlib
import random
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import accumulate

from bench.simulation.local import SimulatedClock
from registry.domain.events import Event, EventType
from registry.domain.packages import (
    AuditAction,
    AuditEntry,
    Change,
    Content,
    Dependency,
    Package,
    PackageStatus,
    PackageType,
)
from registry.domain.versions import Version

USERS = 5_000
BOT = "bot"
BOT_SHARE = 0.2
"""Of all requests, and of publishes: one user is a program."""
NIGHTLY_SHARE = 0.05
"""Of publishes: versions of one name."""
_TYPES = (PackageType.MODEL, PackageType.DATASET, PackageType.CODE)
_TYPE_WEIGHTS = (70, 20, 10)
_TAGS = ("nlp", "en", "pytorch", "vision", "transformers", *(f"tag-{number}" for number in range(2_000)))
_TAG_CHANCES = (0.3, 0.25, 0.2, 0.1, 0.1)
_VERSIONS = ("1.0.0", "0.1.0", "1.0.1", "1.1.0", "2.0.0")
_VERSION_WEIGHTS = (40, 20, 15, 15, 10)
_WORDS = tuple(hashlib.sha256(str(number).encode()).hexdigest()[: 2 + number % 9] for number in range(4_000))
_README_WORDS = 420
"""Some three kilobytes in the mean."""


class Zipf:
    """Ranks from 0, of which the n-th is drawn in proportion to 1/n."""

    def __init__(self, count: int) -> None:
        self._sums = list(accumulate(1 / rank for rank in range(1, count + 1)))

    def draw(self, chance: random.Random) -> int:
        return bisect_left(self._sums, chance.random() * self._sums[-1])


@dataclass(slots=True)
class World:
    """`packages` are those that are there, in the order of their popularity, and stand for all that `popular` ranks."""

    chance: random.Random
    clock: SimulatedClock
    packages: list[Package]
    popular: Zipf
    users: Zipf
    made: int = 0

    @classmethod
    def of(cls, clock: SimulatedClock, *, all_packages: int, seed: int) -> "World":
        return cls(random.Random(seed), clock, [], Zipf(all_packages), Zipf(USERS))

    def user(self) -> str:
        return BOT if self.chance.random() < BOT_SHARE else f"user-{self.users.draw(self.chance)}"

    def place(self) -> int:
        """The place of a package that somebody reads."""
        rank = self.popular.draw(self.chance)
        return rank if rank < len(self.packages) else self.chance.randrange(len(self.packages))

    def new_package(self) -> Package:
        self.made += 1
        chance, owner = self.chance, self.user()
        name = f"{owner}/model-{self.made}"
        version = Version.parse(chance.choices(_VERSIONS, _VERSION_WEIGHTS)[0])
        kind = chance.choices(_TYPES, _TYPE_WEIGHTS)[0]
        if chance.random() < NIGHTLY_SHARE:
            owner, name, version, kind = BOT, f"{BOT}/nightly", Version(1, 0, self.made), PackageType.MODEL
        tags = [tag for tag, share in zip(_TAGS, _TAG_CHANCES, strict=False) if chance.random() < share]
        tags += chance.sample(_TAGS[len(_TAG_CHANCES) :], chance.randrange(5))
        now = self.clock.now()
        return Package(
            id=self._id(),
            name=name,
            version=version,
            type=kind,
            status=PackageStatus.ACTIVE,
            created_by=owner,
            created_at=now,
            updated_at=now,
            description=self._words(12),
            license="apache-2.0",
            tags=tuple(tags),
            source_url=f"https://huggingface.co/{name}",
            dependencies=(Dependency("base_model", "google-bert/bert-base-uncased"),),
            content=Content(
                blob_key=self._id(),
                size=chance.randrange(1_000_000_000),
                sha256=hashlib.sha256(str(self.made).encode()).hexdigest(),
                media_type="application/zip",
                filename="model.zip",
            ),
            readme=self._words(chance.randrange(2 * _README_WORDS)),
        )

    def replaced(self, package: Package) -> Package:
        now = self.clock.now()
        return replace(package, description=self._words(12), revision=package.revision + 1, updated_at=now)

    def change(self, package: Package, action: AuditAction, kind: EventType) -> Change:
        event = Event(self._id(), kind, self.clock.now(), package.id, {"name": package.name})
        return Change(self.entry(package, action), events=(event,), principal=package.created_by)

    def entry(self, package: Package, action: AuditAction) -> AuditEntry:
        sha256 = package.content.sha256 if package.content else None
        return AuditEntry(
            self._id(), package.id, self.clock.now(), package.created_by, action, package.revision, sha256=sha256
        )

    def _id(self) -> str:
        """An id of a UUIDv7's form at this time."""
        milliseconds = int(self.clock.now().timestamp() * 1000)
        text = f"{milliseconds:012x}7{self.chance.getrandbits(76):019x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _words(self, count: int) -> str:
        return " ".join(self.chance.choices(_WORDS, k=count))
