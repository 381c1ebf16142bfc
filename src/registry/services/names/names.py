"""Names: reading them, their owners and visibility, and the aliases of their versions."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from registry.domain.accounts import Caller
from registry.domain.errors import InvalidInput, IsDraft, NotFound, RevisionConflict
from registry.domain.events import Event, EventType
from registry.domain.names import (
    ALIAS_PATTERN,
    LATEST,
    MAX_ALIASES,
    MAX_READERS,
    Name,
    NamedVersion,
    NameView,
    Visibility,
    latest_of,
    not_owner,
)
from registry.domain.packages import AuditAction, AuditEntry, PackageStatus, PackageType
from registry.domain.versions import Version
from registry.ports.clock import Clock, IdSource
from registry.ports.names import NameChange, NameConflict, NameStore
from registry.ports.packages import PackageStore
from registry.services.names.owners import CHANGE_ATTEMPTS, AccountNames, busy, needs_owner
from registry.services.names.private import PrivateNames
from registry.services.packages.audit_writer import AuditWriter

_AUDITED = 50
"""A change of a name is noted in the audit trail of so many packages of it, the newest."""

Expected = Callable[[str], bool]
"""Whether the caller accepts a state, by its tag."""


@dataclass(frozen=True, slots=True)
class SeenName:
    """A name as a caller sees it; `tag` changes with owners, visibility, aliases and versions."""

    view: NameView
    tag: str

    @property
    def latest(self) -> NamedVersion | None:
        return latest_of(self.view.versions)


@dataclass(frozen=True, slots=True)
class Alias:
    alias: str
    target: NamedVersion
    tag: str


def _tag_of(view: NameView) -> str:
    parts = [str(view.name.revision), *(f"{each.id} {each.version} {each.status}" for each in view.versions)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _seen(view: NameView) -> SeenName:
    return SeenName(view, _tag_of(view))


class Names:
    """What callers may do with names. `expected` decides by the tag that the caller has read; None: any state."""

    def __init__(
        self,
        names: NameStore,
        packages: PackageStore,
        accounts: AccountNames,
        private: PrivateNames,
        *,
        audit: AuditWriter,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._names = names
        self._packages = packages
        self._accounts = accounts
        self._private = private
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def migrate(self) -> int:
        """Record the owners of names that an earlier edition published; how many names there are. Once for a store."""
        return await self._names.migrate()

    async def find_conflicts(self) -> Sequence[NameConflict]:
        """What an operator should look at. Reads every record."""
        return await self._names.list_conflicts()

    async def read(self, kind: PackageType, name: str, caller: Caller) -> SeenName:
        """The name as the caller may see it. Raises NotFound."""
        view = await self._names.find_view(kind, name) if caller.may_name(name) else None
        if view is not None and not caller.is_admin and not view.name.is_owned_by(caller.principal):
            view = view.without_hidden() if view.name.is_seen_by(caller.principal) else None
        if view is None:
            raise NotFound(f"There is no {kind.value} by the name {name}.")
        return _seen(view)

    async def resolve(self, kind: PackageType, name: str, version: str, caller: Caller) -> NamedVersion:
        """The version that a number, `latest` or an alias means. Raises NotFound, InvalidInput for none of these."""
        return resolve_version(await self.read(kind, name, caller), version)

    async def resolve_any(
        self, kinds: Sequence[PackageType], name: str, version: str, caller: Caller
    ) -> list[NamedVersion]:
        """What `latest` or an alias means for each of the types that have it. Raises NotFound where none has."""
        found: list[NamedVersion] = []
        for kind in kinds:
            try:
                found.append(await self.resolve(kind, name, version, caller))
            except NotFound:
                continue
        if not found:
            raise NotFound(f"There is no version {version} of {name}.")
        return found

    async def set_owners(
        self, caller: Caller, kind: PackageType, name: str, owners: Sequence[str], *, expected: Expected | None
    ) -> SeenName:
        """Give the name exactly these owners.

        Raises NotFound, PermissionDenied, LastOwner, InvalidInput, RevisionConflict.
        """
        for _ in range(CHANGE_ATTEMPTS):
            seen = await self._changeable(caller, kind, name, expected)
            wanted = await self._accounts.owners(owners)
            before = seen.view.name
            if wanted == before.owners:
                return seen
            after = replace(before, owners=wanted, revision=before.revision + 1)
            change = NameChange(needs_owner(caller), audit=await self._entries(seen, caller, AuditAction.OWNERS))
            if await self._write(after, change, before.revision):
                if after.visibility is Visibility.PRIVATE:
                    await self._private.changed()
                return _seen(replace(seen.view, name=after))
        raise busy()

    async def set_visibility(
        self,
        caller: Caller,
        kind: PackageType,
        name: str,
        visibility: Visibility,
        readers: Sequence[str],
        *,
        expected: Expected | None,
    ) -> SeenName:
        """Make the name private, with these readers, or public. Raises NotFound, PermissionDenied, InvalidInput,
        RevisionConflict.
        """
        if len(readers) > MAX_READERS:
            raise InvalidInput(f"list {MAX_READERS} readers at most", pointer="/readers")
        for _ in range(CHANGE_ATTEMPTS):
            seen = await self._changeable(caller, kind, name, expected)
            before = seen.view.name
            known = await self._accounts.principals(readers, pointer="/readers")
            if (visibility, known) == (before.visibility, before.readers):
                return seen
            after = replace(before, visibility=visibility, readers=known, revision=before.revision + 1)
            change = NameChange(needs_owner(caller), audit=await self._entries(seen, caller, AuditAction.VISIBILITY))
            if await self._write(after, change, before.revision):
                if Visibility.PRIVATE in (before.visibility, after.visibility):
                    await self._private.changed()
                return _seen(replace(seen.view, name=after))
        raise busy()

    async def move_alias(
        self, caller: Caller, kind: PackageType, name: str, alias: str, version: str, *, expected: Expected | None
    ) -> Alias:
        """Have an alias lead to a version.

        Raises NotFound, PermissionDenied, IsDraft, InvalidInput, RevisionConflict.
        """
        check_alias(alias)
        for _ in range(CHANGE_ATTEMPTS):
            seen = await self._changeable(caller, kind, name, expected)
            target = resolve_version(seen, version)
            if target.status is PackageStatus.DRAFT:
                raise IsDraft(f"{name} {target.version} is a draft; release it, with its aliases in the same request.")
            before = seen.view.name
            old = before.aliases.get(alias)
            if old == str(target.version):
                return Alias(alias, target, seen.tag)
            aliases = {**before.aliases, alias: str(target.version)}
            if len(aliases) > MAX_ALIASES:
                raise InvalidInput(f"a name has {MAX_ALIASES} aliases at most; drop one first", pointer="/alias")
            after = replace(before, aliases=aliases, revision=before.revision + 1)
            change = NameChange(
                needs_owner(caller),
                needed=(target,),
                audit=await self._alias_entries(seen, caller, (old, str(target.version))),
                events=(self.alias_event(before, alias, old, target),),
            )
            if await self._write(after, change, before.revision):
                return Alias(alias, target, _tag_of(replace(seen.view, name=after)))
        raise busy()

    async def drop_alias(
        self, caller: Caller, kind: PackageType, name: str, alias: str, *, expected: Expected | None
    ) -> None:
        """Raises NotFound, PermissionDenied, RevisionConflict."""
        check_alias(alias)
        for _ in range(CHANGE_ATTEMPTS):
            seen = await self._changeable(caller, kind, name, expected)
            before = seen.view.name
            old = before.aliases.get(alias)
            if old is None:
                raise NotFound(f"{name} has no alias {alias}.")
            kept = {other: version for other, version in before.aliases.items() if other != alias}
            change = NameChange(
                needs_owner(caller),
                audit=await self._alias_entries(seen, caller, (old,)),
                events=(self.alias_event(before, alias, old, None),),
            )
            if await self._write(replace(before, aliases=kept, revision=before.revision + 1), change, before.revision):
                return
        raise busy()

    def alias_event(self, name: Name, alias: str, before: str | None, target: NamedVersion | None) -> Event:
        """What webhooks get when an alias moves from a version, to one, or both."""
        details = {
            "package_id": target.id if target else None,
            "name": name.name,
            "type": name.type.value,
            "alias": alias,
            "from": before,
            "to": str(target.version) if target else None,
        }
        return Event(self._ids.new_id(), EventType.ALIAS_MOVED, self._clock.now(), None, details)

    async def _changeable(self, caller: Caller, kind: PackageType, name: str, expected: Expected | None) -> SeenName:
        seen = await self.read(kind, name, caller)
        if not caller.is_admin and not seen.view.name.is_owned_by(caller.principal):
            raise not_owner(name)
        if expected is not None and not expected(seen.tag):
            raise RevisionConflict("The name has changed. Read it again, then repeat the change with its new ETag.")
        return seen

    async def _write(self, after: Name, change: NameChange, revision: int) -> bool:
        """False where the name changed since it was read: what the caller expected is judged again."""
        try:
            await self._names.replace(after, change, expected_revision=revision)
        except RevisionConflict:
            return False
        return True

    async def _entries(self, seen: SeenName, caller: Caller, action: AuditAction) -> tuple[AuditEntry, ...]:
        newest = [named.id for named in seen.view.versions[:_AUDITED]]
        packages = await self._packages.get_many(newest) if newest else []
        return tuple(self._audit.entry(package, caller.name, action) for package in packages)

    async def _alias_entries(
        self, seen: SeenName, caller: Caller, versions: Sequence[str | None]
    ) -> tuple[AuditEntry, ...]:
        ids = [named.id for named in seen.view.versions if str(named.version) in versions]
        packages = await self._packages.get_many(ids) if ids else []
        return tuple(self._audit.entry(package, caller.name, AuditAction.ALIAS) for package in packages)


def resolve_version(seen: SeenName, version: str) -> NamedVersion:
    """The version that a number, `latest` or an alias means. Raises NotFound, InvalidInput for none of these."""
    found: NamedVersion | None
    if version == LATEST:
        found = seen.latest
    elif ALIAS_PATTERN.fullmatch(version):
        target = seen.view.name.aliases.get(version)
        found = None if target is None else seen.view.find(Version.parse(target))
    else:
        found = seen.view.find(Version.parse(version))
    if found is None:
        raise NotFound(f"There is no version {version} of {seen.view.name.name}.")
    return found


def check_alias(alias: str) -> None:
    """Raises InvalidInput for what cannot be an alias."""
    if alias == LATEST or not ALIAS_PATTERN.fullmatch(alias):
        raise InvalidInput(
            "an alias has 1 to 32 lower-case letters, digits and hyphens, begins with a letter, and is not `latest`",
            pointer="/alias",
        )
