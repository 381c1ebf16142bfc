"""Namespaces: who creates new names in them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

from registry.domain.accounts import Caller
from registry.domain.errors import NotFound, RevisionConflict
from registry.domain.listing import Order, PackageFilter, first_place, last_place, split_place
from registry.domain.name_patterns import NamePatterns
from registry.domain.names import Namespace, namespace_of, not_namespace_owner
from registry.domain.packages import PackageType
from registry.domain.visibility import Viewer
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.services.names.owners import CHANGE_ATTEMPTS, AccountNames, busy, needs_owner
from registry.services.names.private import PrivateNames
from registry.services.packages.visibility import check_may_own

_PAGE = 100
"""How many packages of a namespace with private names are looked through at once for a name that others see."""


class Namespaces:
    def __init__(self, names: NameStore, packages: PackageStore, accounts: AccountNames, private: PrivateNames) -> None:
        self._names = names
        self._packages = packages
        self._accounts = accounts
        self._private = private

    async def read(self, space: str, caller: Caller) -> Namespace:
        """The namespace, for its owners, admins, and those who see a name in it. Raises NotFound."""
        within = caller.names is None or caller.names.reach_into(space)
        namespace = await self._names.find_namespace(space) if within else None
        if namespace is None or not (
            caller.is_admin or caller.principal in namespace.owners or await self._sees_name_in(space, caller)
        ):
            raise NotFound(f"There is no namespace {space}.")
        return namespace

    async def _sees_name_in(self, space: str, caller: Caller) -> bool:
        private = [name for name in (await self._private.current()).values() if namespace_of(name.name) == space]
        if any(name.is_seen_by(caller.principal) and caller.may_name(name.name) for name in private):
            return True
        if not private:
            return True
        for kind in PackageType:
            if await self._sees_type_in(space, kind, {name.name for name in private if name.type is kind}, caller):
                return True
        return False

    async def _sees_type_in(self, space: str, kind: PackageType, hidden: Collection[str], caller: Caller) -> bool:
        """Whether packages of a type have a name in the namespace that the caller sees.

        A page begins after all versions of the last name that it does not see: with items there is at most one page for
        each name.
        """
        viewer = Viewer(names=NamePatterns((f"{space}/*",)))
        wanted = PackageFilter(viewer=viewer, type=kind, order=Order.NAME)
        after: str | None = first_place(f"{space}/")
        while after is not None and split_place(after)[0].startswith(f"{space}/"):
            page = await self._packages.list_page(wanted, limit=_PAGE, after=after)
            names = [json.loads(item.body)["name"] for item in page.items]
            if any(name not in hidden and caller.may_name(name) for name in names):
                return True
            after = page.next_after and (last_place(names[-1]) if names else page.next_after)
        return False

    async def set_owners(
        self, caller: Caller, space: str, owners: Sequence[str], *, expected: frozenset[int] | None
    ) -> Namespace:
        """Give the namespace exactly these owners. `expected` are revisions.

        Raises NotFound, PermissionDenied, LastOwner, InvalidInput, RevisionConflict.
        """
        for _ in range(CHANGE_ATTEMPTS):
            before = await self.read(space, caller)
            check_may_own(space, caller)
            if not caller.is_admin and caller.principal not in before.owners:
                raise not_namespace_owner(space)
            if expected is not None and before.revision not in expected:
                raise RevisionConflict("The namespace has changed. Read it again, then repeat the change.")
            wanted = await self._accounts.owners(owners)
            if wanted == before.owners:
                return before
            after = replace(before, owners=wanted, revision=before.revision + 1)
            try:
                await self._names.replace_namespace(after, expected_revision=before.revision, user=needs_owner(caller))
            except RevisionConflict:
                continue
            return after
        raise busy()
