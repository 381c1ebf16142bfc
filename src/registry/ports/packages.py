"""Where package records are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from registry.domain.listing import PackageFilter
from registry.domain.names import NamedVersion
from registry.domain.packages import Change, Package, PackageStatus, PackageType
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import Version


@dataclass(frozen=True, slots=True)
class PackageDocument:
    """A package as it is served: ready JSON with the README, and what decides who may see it."""

    body: bytes
    revision: int
    status: PackageStatus
    created_by: str
    name: str


class PackageSummary(NamedTuple):
    """An item of a listing: ready JSON without the README. A tuple, since they are made by the dozen."""

    id: str
    body: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """One page. `next_after` is where the next page starts, None at the end."""

    items: tuple[PackageSummary, ...]
    next_after: str | None


class PackageStore(Protocol):
    """Records of packages. A change returns once it is durable; a read sees every change acknowledged before it.

    In the same write, `add` and `replace` request the rating of a package that is not pending as waiting, and `remove`
    forgets its rating (see RatingStore). A new revision is listed by no net score until it has been rated.
    Likewise they open a scan request for content that the package did not have before, note an admin's lift of its
    quarantine (`Change.lifted_sha256`), and forget both (see ScanRequestStore).

    The first package of a name makes its creator the owner of the name, and of its namespace where that is new. Unless
    the change `overrides_owners`, its user must own the name (PermissionDenied), or for a new name its namespace, and
    neither may look like one of another owner (NameTooSimilar). That is decided in the write itself.

    A published version that is removed, or that its package leaves, keeps the SHA-256 of its content: `add` and
    `replace` raise VersionRetired for other bytes under it.

    All methods raise Unavailable when the store cannot answer.
    """

    async def add(self, package: Package, change: Change) -> None:
        """Add a package with its audit entry, idempotency record and events, and end the upload that it came by.

        All or nothing.

        Raises AlreadyAnswered when its idempotency key has a record already (checked first), PackageExists when
        (type, name, version) is taken, NotFound when the upload is gone, or gathered under another key.
        """

    async def replace(self, package: Package, change: Change, *, expected_revision: int) -> None:
        """Put `package` in place of the record with its id. Same atomicity as `add`.

        Raises NotFound when there is none, RevisionConflict when its revision is not `expected_revision`, PackageExists
        when another package has the new (type, name, version).
        """

    async def remove(self, package_id: str, change: Change, *, expected_revision: int) -> None:
        """Remove a record; its audit entries stay. Raises NotFound, RevisionConflict."""

    async def get(self, package_id: str) -> Package:
        """The package. Raises NotFound."""

    async def get_judged(self, package_id: str) -> tuple[Package, PackageSafety]:
        """The package, and how far its content has been judged, in one call to the engine. Raises NotFound."""

    async def get_many(self, package_ids: Sequence[str]) -> list[Package]:
        """The packages that exist among these ids, each once, in the order asked for, in as few calls as may be."""

    async def find_summaries(self, package_ids: Sequence[str]) -> list[PackageSummary]:
        """The items of a listing for these ids, as `get_many` gives packages."""

    async def find_document(self, package_id: str) -> PackageDocument | None:
        """The ready JSON of a package in one point read, None when there is none."""

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """The next `limit` packages in order of id, beginning after `after` (a `next_after` of a page before).

        Costs its own length whatever the number of packages: answered from an index, nothing counted, no offset.
        What no index of the store has in order is checked on some thousand entries at most; a page may then be short,
        even empty, and still have a `next_after`. An entry that exists throughout a walk is seen exactly once.
        """

    async def find_version(self, kind: PackageType, name: str, version: Version) -> str | None:
        """The id of the package that has (type, name, version), whatever its status, in one point read."""

    async def list_versions(self, names: Sequence[str]) -> dict[str, list[NamedVersion]]:
        """The versions under each name, of all types and statuses, newest version first. Unknown names are left out."""
