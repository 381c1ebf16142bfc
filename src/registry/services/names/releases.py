"""Releasing drafts, with the aliases of their names, in one atomic change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from registry.domain.accounts import Caller
from registry.domain.errors import InvalidInput, NotFound, ReleaseRefused, RevisionConflict
from registry.domain.names import MAX_ALIASES, NamedVersion
from registry.domain.packages import AuditAction, Package, PackageStatus, PackageType
from registry.domain.releases import MAX_NAMES, Release, ReleasedName, ReleasedPackage
from registry.ports.clock import Clock, IdSource
from registry.ports.packages import PackageStore
from registry.ports.releases import ReleaseStore
from registry.services.names.access import Access
from registry.services.names.drafts import Drafts
from registry.services.names.names import Names, SeenName, check_alias, resolve_version
from registry.services.names.owners import needs_owner
from registry.services.packages.audit_writer import AuditWriter, by

_ATTEMPTS = 5

Aliases = Mapping[tuple[PackageType, str], Mapping[str, str]]
"""Versions by alias, by name."""


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What was released, or would be: `reasons` are what stands against it."""

    packages: tuple[Package, ...]
    aliases: Aliases
    reasons: Mapping[str, str]


class Releases:
    def __init__(
        self,
        store: ReleaseStore,
        packages: PackageStore,
        names: Names,
        access: Access,
        drafts: Drafts,
        *,
        audit: AuditWriter,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._packages = packages
        self._names = names
        self._access = access
        self._drafts = drafts
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def release(
        self, caller: Caller, package_ids: Sequence[str], aliases: Aliases, *, dry_run: bool = False
    ) -> ReleaseResult:
        """Make drafts active and move aliases, all at once or not at all.

        With `dry_run` nothing changes, and reasons are returned. Raises ReleaseRefused, InvalidInput.
        """
        if len(aliases) > MAX_NAMES:
            raise InvalidInput(f"move aliases of {MAX_NAMES} names at most", pointer="/aliases")
        for moves in aliases.values():
            for alias in moves:
                check_alias(alias)
        for _ in range(_ATTEMPTS):
            release, reasons = await self._plan(caller, package_ids, aliases)
            if dry_run:
                return ReleaseResult((), aliases, reasons)
            if reasons:
                raise ReleaseRefused(reasons)
            try:
                await self._store.release(release)
            except RevisionConflict:
                continue  # something changed since it was read: judged again
            after = {(named.name.type, named.name.name): named.name.aliases for named in release.names}
            moved = {name: {alias: after[name][alias] for alias in moves} for name, moves in aliases.items()}
            return ReleaseResult(tuple(released.package for released in release.packages), moved, {})
        raise ReleaseRefused(dict.fromkeys(package_ids, "is being changed by others; try again"))

    async def _plan(
        self, caller: Caller, package_ids: Sequence[str], aliases: Aliases
    ) -> tuple[Release, dict[str, str]]:
        found = {package.id: package for package in await self._packages.get_many(package_ids)}
        reasons: dict[str, str] = {}
        released: list[ReleasedPackage] = []
        now = self._clock.now()
        for package_id in package_ids:
            draft = found.get(package_id)
            if draft is None or not await self._access.sees(draft, caller):
                reasons[package_id] = "there is no package with this id"
            elif draft.status is not PackageStatus.DRAFT:
                reasons[package_id] = f"is {draft.status.value}, not a draft"
            elif self._drafts.has_expired(draft):
                reasons[package_id] = "the draft has expired; publish it again"
            else:
                package = replace(draft, status=PackageStatus.ACTIVE, revision=draft.revision + 1, updated_at=now)
                change = by(caller, self._audit.change(package, caller.name, AuditAction.RELEASE))
                released.append(ReleasedPackage(package, change))
        names: list[ReleasedName] = []
        # Those without aliases to move are part of it, too: their owners must not change meanwhile.
        wanted = dict.fromkeys([*aliases, *((each.package.type, each.package.name) for each in released)])
        for kind, name in wanted:
            moves = aliases.get((kind, name), {})
            planned = await self._plan_name(caller, kind, name, moves, [each.package for each in released])
            if isinstance(planned, str):
                reasons[f"{kind.value}/{name}"] = planned
            else:
                names.append(planned)
        return Release(self._ids.new_id(), tuple(released), tuple(names), needs_owner(caller)), reasons

    async def _plan_name(
        self, caller: Caller, kind: PackageType, name: str, moves: Mapping[str, str], released: Sequence[Package]
    ) -> ReleasedName | str:
        """The name with its aliases moved, or what stands against that."""
        try:
            seen = await self._names.read(kind, name, caller)
        except NotFound as absent:
            return str(absent)
        if not caller.is_admin and not seen.view.name.is_owned_by(caller.principal):
            return "you do not own this name"
        after = _with(seen, released)
        aliases, before = dict(after.view.name.aliases), after.view.name
        events, entries = [], []
        for alias, version in moves.items():
            try:
                target = resolve_version(after, version)
            except (NotFound, InvalidInput) as error:
                return str(error)
            if target.status is PackageStatus.DRAFT:
                return f"{target.version} is a draft that is not part of this release"
            aliases[alias] = str(target.version)
            if before.aliases.get(alias) != aliases[alias]:
                events.append(self._names.alias_event(before, alias, before.aliases.get(alias), target))
                entries.append(target.id)
        if len(aliases) > MAX_ALIASES:
            return f"a name has {MAX_ALIASES} aliases at most"
        targets = {package.id: package for package in released}
        others = await self._packages.get_many([each for each in entries if each not in targets]) if entries else []
        targets |= {package.id: package for package in others}
        audit = tuple(
            self._audit.entry(targets[each], caller.name, AuditAction.ALIAS) for each in entries if each in targets
        )
        moved = replace(before, aliases=aliases, revision=before.revision + 1)
        return ReleasedName(moved, audit, tuple(events))


def _with(seen: SeenName, released: Sequence[Package]) -> SeenName:
    """The name as it is seen once these packages are active."""
    active = {package.id for package in released}
    versions: list[NamedVersion] = [
        replace(named, status=PackageStatus.ACTIVE) if named.id in active else named for named in seen.view.versions
    ]
    return replace(seen, view=replace(seen.view, versions=tuple(versions)))


def parse_aliases(given: Mapping[str, Mapping[str, str]]) -> dict[tuple[PackageType, str], dict[str, str]]:
    """`{"model/acme/bert": {"prod": "2.0.0"}}` by type and name. Raises InvalidInput."""
    parsed: dict[tuple[PackageType, str], dict[str, str]] = {}
    for key, moves in given.items():
        kind, _, name = key.partition("/")
        if kind not in set(PackageType) or not name:
            raise InvalidInput("name it as type/name, such as model/acme/bert", pointer=f"/aliases/{key}")
        parsed[PackageType(kind), name] = dict(moves)
    return parsed
