"""Who may see and change a package, as far as its name decides it."""

import json

from registry.domain.accounts import Caller
from registry.domain.names import not_owner
from registry.domain.packages import Package, PackageType
from registry.domain.visibility import Viewer, absent
from registry.ports.names import NameStore
from registry.ports.packages import PackageDocument
from registry.services.names.private import PrivateNames


class Access:
    """Reads a name only where the package is hidden, so that most reads pay nothing for it."""

    def __init__(self, names: NameStore, private: PrivateNames) -> None:
        self._names = names
        self._private = private

    async def viewer(self, caller: Caller | None) -> Viewer:
        """The caller (None: anybody) as listings and searches need it."""
        if caller is None:
            return Viewer(private=await self._private.current())
        principal = caller.principal if caller.user else None
        if caller.is_admin:
            return Viewer(principal, is_admin=True, names=caller.names)
        return Viewer(principal, names=caller.names, private=await self._private.current())

    async def is_private(self, kind: PackageType, name: str) -> bool:
        """Whether the name is private, as of a second ago at most."""
        return (kind, name) in await self._private.current()

    async def owns(self, kind: PackageType, name: str, caller: Caller) -> bool:
        """Whether the caller is an owner of the name, or an admin."""
        if caller.is_admin:
            return True
        found = await self._names.find(kind, name)
        return found is not None and found.is_owned_by(caller.principal)

    async def sees_name(self, package: Package, caller: Caller) -> bool:
        """Whether the package's name exists for the caller."""
        return (await self.viewer(caller)).sees_name(package.type, package.name)

    async def sees(self, package: Package, caller: Caller | None) -> bool:
        """Whether the package exists for the caller (None: for anybody)."""
        if caller is not None and caller.is_admin and caller.names is None:
            return True
        if not (await self.viewer(caller)).sees_name(package.type, package.name):
            return False
        if not package.status.hidden:
            return True
        return caller is not None and await self.owns(package.type, package.name, caller)

    async def check_visible(self, package: Package, caller: Caller) -> None:
        """Raises NotFound for a package that is hidden from the caller."""
        if not await self.sees(package, caller):
            raise absent()

    async def check_owner(self, package: Package, caller: Caller) -> None:
        """Raises PermissionDenied for others than owners and admins; the write itself checks again.

        Who published the package nearly always owns its name: that is left to the write.
        """
        if caller.name != package.created_by and not await self.owns(package.type, package.name, caller):
            raise not_owner(package.name)

    async def shown(self, document: PackageDocument | None, caller: Caller) -> PackageDocument:
        """The document that was found, for a caller who may see it. Raises NotFound."""
        if document is None or not caller.may_name(document.name):
            raise absent()
        if caller.is_admin:
            return document
        viewer = await self.viewer(caller)
        if document.status.hidden or not all(viewer.sees_name(kind, document.name) for kind in PackageType):
            kind = PackageType(json.loads(document.body)["type"])
            if not viewer.sees_name(kind, document.name):
                raise absent()
            if document.status.hidden and not await self.owns(kind, document.name, caller):
                raise absent()
        return document
