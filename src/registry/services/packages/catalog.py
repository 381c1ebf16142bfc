"""Reading: one package, pages of them, what they depend on and what happened to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.domain.accounts import Caller
from registry.domain.listing import PackageFilter
from registry.domain.packages import AuditEntry, Dependency, Package, PackageType
from registry.domain.verdicts import PackageSafety
from registry.domain.versions import VersionRange
from registry.domain.visibility import EVERYBODY, Viewer
from registry.ports.audit import AuditStore
from registry.ports.packages import NamedVersion, PackageDocument, PackageStore, SummaryPage
from registry.services.packages.visibility import viewer_of, visible

MAX_LINEAGE_NODES = 5_000
"""Where a walk through dependencies ends, so that no graph keeps a worker busy for long."""


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A package in the graph; `package` is None for one that is not registered (id `external-<n>`)."""

    id: str
    name: str
    version: str | None
    type: PackageType | None
    package: Package | None


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
    def __init__(self, packages: PackageStore, audit: AuditStore) -> None:
        self._packages = packages
        self._audit = audit

    async def get_document(self, package_id: str, caller: Caller) -> PackageDocument:
        """The ready JSON of a package. Raises NotFound."""
        return visible(await self._packages.find_document(package_id), caller)

    async def get(self, package_id: str, caller: Caller) -> Package:
        """The package. Raises NotFound."""
        return visible(await self._packages.get(package_id), caller)

    async def get_judged(
        self, package_id: str, caller: Caller, *, quarantined: bool = False
    ) -> tuple[Package, PackageSafety]:
        """The package, and how far its content has been judged. `quarantined` as for `visible`. Raises NotFound."""
        package, safety = await self._packages.get_judged(package_id)
        return visible(package, caller, quarantined=quarantined), safety

    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        return await self._packages.list_page(wanted, limit=limit, after=after)

    async def list_audit(
        self, package_id: str, caller: Caller, *, limit: int, after: str | None
    ) -> Sequence[AuditEntry]:
        """The package's audit entries, newest first. Raises NotFound."""
        await self.get_document(package_id, caller)
        return await self._audit.list_entries(package_id, limit=limit, after=after)

    async def lineage(self, package_id: str, caller: Caller) -> Lineage:
        """Everything the package depends on, transitively, each once; names are resolved now. Raises NotFound.

        Walks level by level, so the number of store calls is the depth of the graph, not its size.
        """
        root = await self.get(package_id, caller)
        viewer = viewer_of(caller)
        nodes = {root.id: _node(root)}
        edges: dict[LineageEdge, None] = {}
        external: dict[tuple[str, str | None], str] = {}
        level, complete = [root], True
        while level and complete:
            found = await self.resolve([dependency for package in level for dependency in package.dependencies], viewer)
            following: list[Package] = []
            for package in level:
                for dependency in package.dependencies:
                    target = found.get(dependency)
                    if target is None:
                        key = (dependency.name, dependency.version)
                        target_id = external.setdefault(key, f"external-{len(external) + 1}")
                        nodes.setdefault(
                            target_id, LineageNode(target_id, dependency.name, dependency.version, None, None)
                        )
                    else:
                        target_id = target.id
                        if target_id not in nodes:
                            nodes[target_id] = _node(target)
                            following.append(target)
                    edges[LineageEdge(package.id, target_id, dependency.relation)] = None
            level, complete = following, len(nodes) <= MAX_LINEAGE_NODES
        return Lineage(tuple(nodes.values()), tuple(edges), complete)

    async def resolve(self, wanted: Sequence[Dependency], viewer: Viewer = EVERYBODY) -> dict[Dependency, Package]:
        """The registered packages that dependencies mean now; others are left out, and those the viewer may not see."""
        names = sorted({dependency.name for dependency in wanted if dependency.id is None})
        versions = await self._packages.list_versions(names) if names else {}
        ids: dict[Dependency, list[str]] = {}
        for dependency in wanted:
            if dependency.id is not None:
                ids[dependency] = [dependency.id]
            else:
                ids[dependency] = [fit.id for fit in _fitting(versions.get(dependency.name, []), dependency)]
        first_choices = {candidates[0] for candidates in ids.values() if candidates}
        packages = {package.id: package for package in await self._packages.get_many(sorted(first_choices))}
        return {
            dependency: packages[candidates[0]]
            for dependency, candidates in ids.items()
            if candidates and candidates[0] in packages and viewer.sees(packages[candidates[0]])
        }


def _node(package: Package) -> LineageNode:
    return LineageNode(package.id, package.name, str(package.version), package.type, package)


def _fitting(versions: Sequence[NamedVersion], dependency: Dependency) -> list[NamedVersion]:
    """The versions that a dependency may mean, best first: active ones, released before prereleases, newest first."""
    if dependency.version is None:
        fits = list(versions)
    else:
        wanted = VersionRange.parse(dependency.version)
        fits = [candidate for candidate in versions if wanted.contains(candidate.version)]
    usable = [candidate for candidate in fits if candidate.status.downloadable]
    return sorted(usable, key=lambda candidate: bool(candidate.version.prerelease) and dependency.version is None)
