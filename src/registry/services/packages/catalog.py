"""Reading: one package, pages of them, what they depend on and what happened to them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from registry.domain.accounts import Caller
from registry.domain.listing import PackageFilter
from registry.domain.names import NamedVersion
from registry.domain.packages import AuditEntry, Dependency, Package, PackageStatus, PackageType
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import VersionRange
from registry.domain.visibility import Viewer
from registry.ports.audit import AuditStore
from registry.ports.packages import PackageDocument, PackageStore, PackageSummary, SummaryPage
from registry.services.names.access import Access

_MOST_PAGES = 10
MAX_LINEAGE_NODES = 5_000
"""Where a walk through dependencies ends, so that no graph keeps a worker busy for long."""


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A package in the graph; `package` is None for one that is not registered (id `external-<n>`).

    `barred`: it is registered and quarantined, and hidden from the caller.
    """

    id: str
    name: str
    version: str | None
    type: PackageType | None
    package: Package | None
    barred: bool = False

    @property
    def size(self) -> int | None:
        """The bytes of its content; None where there is none."""
        return self.package.content.size if self.package and self.package.content else None


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """From a package to what it depends on."""

    source: str
    target: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """All that a package depends on. `nodes[0]` is the package itself; `complete` is False past MAX_LINEAGE_NODES."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    complete: bool

    @classmethod
    def of_one(cls, package: Package) -> "Lineage":
        """The package without what it depends on."""
        return cls((_node(package),), (), complete=True)


class Catalog:
    def __init__(self, packages: PackageStore, audit: AuditStore, access: Access) -> None:
        self._packages = packages
        self._audit = audit
        self._access = access

    async def get_document(self, package_id: str, caller: Caller) -> PackageDocument:
        """The ready JSON of a package. Raises NotFound."""
        return await self._access.shown(await self._packages.find_document(package_id), caller)

    async def get(self, package_id: str, caller: Caller) -> Package:
        """The package. Raises NotFound."""
        package = await self._packages.get(package_id)
        await self._access.check_visible(package, caller)
        return package

    async def may_change(self, package: Package, caller: Caller) -> bool:
        """Whether the caller owns the package's name, or is an admin."""
        return await self._access.owns(package.type, package.name, caller)

    async def get_judged(
        self, package_id: str, caller: Caller, *, quarantined: bool = False
    ) -> tuple[Package, PackageSafety]:
        """The package, and how far its content has been judged. Raises NotFound.

        With `quarantined` a quarantined one is there for everybody who sees its name: they are about to read why it is.
        """
        package, safety = await self._packages.get_judged(package_id)
        if not (
            quarantined
            and package.status is PackageStatus.QUARANTINED
            and await self._access.sees_name(package, caller)
        ):
            await self._access.check_visible(package, caller)
        return package, safety

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """A page of what the filter's viewer sees. Where private names leave gaps, some further pages fill it."""
        items: list[PackageSummary] = []
        for _ in range(_MOST_PAGES):
            page = await self._packages.list_page(wanted, limit=limit - len(items), after=after)
            items += _seen(page.items, wanted.viewer)
            after = page.next_after
            if after is None or len(items) == limit:
                break
        return SummaryPage(tuple(items), after)

    async def list_newest_ids(self, caller: Caller, *, limit: int) -> list[str]:
        """The ids of the newest active packages that the caller sees."""
        page = await self.list_page(PackageFilter(viewer=await self._access.viewer(caller)), limit=limit, after=None)
        return [item.id for item in page.items]

    async def list_audit(self, package_id: str, *, limit: int, after: str | None) -> Sequence[AuditEntry]:
        """The audit entries of a package that the caller sees, newest first."""
        return await self._audit.list_entries(package_id, limit=limit, after=after)

    async def lineage(self, package_id: str, caller: Caller, *, quarantined: bool = False) -> Lineage:
        """Everything the package depends on, transitively, each once; names are resolved now. Raises NotFound.

        With `quarantined` a dependency that only quarantined versions fit means the newest of them.

        Walks level by level, so the number of store calls is the depth of the graph, not its size.
        """
        root = await self.get(package_id, caller)
        nodes = {root.id: _node(root)}
        edges: dict[LineageEdge, None] = {}
        external: dict[tuple[str, str | None], str] = {}
        level, complete = [root], True
        while level and complete:
            wanted = [dependency for package in level for dependency in package.dependencies]
            found, barred = await self._resolve(wanted, caller, quarantined=quarantined)
            following: list[Package] = []
            for package in level:
                for dependency in package.dependencies:
                    target = found.get(dependency)
                    if target is None:
                        key = (dependency.name, dependency.version)
                        target_id = external.setdefault(key, f"external-{len(external) + 1}")
                        hidden = quarantined and dependency in barred
                        nodes.setdefault(
                            target_id, LineageNode(target_id, dependency.name, dependency.version, None, None, hidden)
                        )
                    else:
                        target_id = target.id
                        if target_id not in nodes:
                            nodes[target_id] = _node(target)
                            following.append(target)
                    edges[LineageEdge(package.id, target_id, dependency.relation)] = None
            level, complete = following, len(nodes) <= MAX_LINEAGE_NODES
        return Lineage(tuple(nodes.values()), tuple(edges), complete)

    async def resolve(self, wanted: Sequence[Dependency], caller: Caller | None = None) -> dict[Dependency, Package]:
        """The registered packages that dependencies mean now; others are left out, and those the caller may not see
        (without a caller: those that not everybody may see).
        """
        found, _ = await self._resolve(wanted, caller, quarantined=False)
        return found

    async def _resolve(
        self, wanted: Sequence[Dependency], caller: Caller | None, *, quarantined: bool
    ) -> tuple[dict[Dependency, Package], set[Dependency]]:
        """As `resolve`, and the dependencies that mean a quarantined package which is hidden from the caller."""
        names = sorted({dependency.name for dependency in wanted if dependency.id is None})
        viewer = await self._access.viewer(caller)
        versions = {
            name: [named for named in found if viewer.sees_name(named.type, name)]
            for name, found in (await self._packages.list_versions(names) if names else {}).items()
        }
        ids: dict[Dependency, list[str]] = {}
        for dependency in wanted:
            if dependency.id is not None:
                ids[dependency] = [dependency.id]
            else:
                ids[dependency] = [
                    fit.id for fit in _fitting(versions.get(dependency.name, []), dependency, quarantined=quarantined)
                ]
        first_choices = {candidates[0] for candidates in ids.values() if candidates}
        packages = {package.id: package for package in await self._packages.get_many(sorted(first_choices))}
        seen = {package.id for package in packages.values() if await self._access.sees(package, caller)}
        meant = {
            dependency: packages[candidates[0]]
            for dependency, candidates in ids.items()
            if candidates and candidates[0] in packages
        }
        barred = {
            dependency
            for dependency, package in meant.items()
            if package.id not in seen
            and package.status is PackageStatus.QUARANTINED
            and viewer.sees_name(package.type, package.name)
        }
        return {dependency: package for dependency, package in meant.items() if package.id in seen}, barred


def _seen(items: Sequence[PackageSummary], viewer: Viewer) -> list[PackageSummary]:
    if not viewer.private:
        return list(items)
    seen = []
    for item in items:
        members = json.loads(item.body)
        if viewer.sees_name(PackageType(members["type"]), members["name"]):
            seen.append(item)
    return seen


def _node(package: Package) -> LineageNode:
    return LineageNode(package.id, package.name, str(package.version), package.type, package)


def _fitting(
    versions: Sequence[NamedVersion], dependency: Dependency, *, quarantined: bool = False
) -> list[NamedVersion]:
    """The versions that a dependency may mean, best first: active ones, released before prereleases, newest first.

    With `quarantined`, where none is offered, the quarantined ones.
    """
    if dependency.version is None:
        fits = list(versions)
    else:
        wanted = VersionRange.parse(dependency.version)
        fits = [candidate for candidate in versions if wanted.contains(candidate.version)]
    usable = [candidate for candidate in fits if candidate.status.is_offered]
    if quarantined and not usable:
        usable = [candidate for candidate in fits if candidate.status is PackageStatus.QUARANTINED]
    return sorted(usable, key=lambda candidate: bool(candidate.version.prerelease) and dependency.version is None)
