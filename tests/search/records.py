"""Records in memory with their change feed, as far as the search needs them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from registry.domain.documents import encode_summary
from registry.domain.listing import Order, PackageFilter
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import Version
from registry.ports.changes import ChangePage
from registry.ports.packages import PackageSummary, SummaryPage

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def package_id(number: int) -> str:
    """A UUIDv7: a higher number is newer."""
    return f"019a0000-{number >> 12:04x}-7{number & 0xFFF:03x}-8000-{number:012x}"


def make_package(
    number: int,
    name: str,
    *,
    readme: str | None = None,
    description: str = "",
    type: PackageType = PackageType.MODEL,  # noqa: A002 -- the field's name
    status: PackageStatus = PackageStatus.ACTIVE,
    tags: tuple[str, ...] = (),
    owner: str = "alice",
) -> Package:
    return Package(
        id=package_id(number),
        name=name,
        version=Version(1, 0, number),
        type=type,
        status=status,
        created_by=owner,
        created_at=NOW,
        updated_at=NOW,
        description=description,
        tags=tags,
        readme=readme,
    )


class Records:
    """Implements `IndexedRecords` and `ChangeFeed`. `batches` counts the reads of several packages."""

    def __init__(self) -> None:
        self.packages: dict[str, Package] = {}
        self.batches = 0
        self._order: dict[str, int] = {}
        self._seq = 0
        self._era = 0

    async def list_owned(
        self, principal: str, names: Collection[tuple[PackageType, str]]
    ) -> Collection[tuple[PackageType, str]]:
        """Here, who published a package under a name owns it."""
        published = {(each.type, each.name) for each in self.packages.values() if each.created_by == principal}
        return published & set(names)

    def put(self, *packages: Package) -> None:
        for package in packages:
            self.packages[package.id] = package
            self._note(package.id)

    def remove(self, removed_id: str) -> None:
        del self.packages[removed_id]
        self._note(removed_id)

    def reset(self) -> None:
        self.packages.clear()
        self._order.clear()
        self._era += 1

    def _note(self, changed_id: str) -> None:
        self._seq += 1
        self._order.pop(changed_id, None)
        self._order[changed_id] = self._seq

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        self.batches += 1
        return [self.packages[found] for found in package_ids if found in self.packages]

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        assert wanted == PackageFilter(status=None, order=Order.OLDEST)
        ids = sorted(found for found in self.packages if after is None or found > after)
        items = tuple(PackageSummary(found, encode_summary(self.packages[found]), 1) for found in ids[:limit])
        return SummaryPage(items, ids[limit - 1] if len(ids) > limit else None)

    async def latest(self) -> str:
        return f"{self._era}:{self._seq}"

    async def read(self, after: str, *, limit: int, current: bool = True) -> ChangePage | None:
        era, seq = map(int, after.split(":"))
        if era != self._era:
            return None
        later = [(number, changed_id) for changed_id, number in self._order.items() if number > seq][:limit]
        cursor = f"{era}:{later[-1][0]}" if later else after
        return ChangePage(cursor, tuple(changed_id for _, changed_id in later), complete=len(later) < limit)
