"""Who sees and who changes a package."""

import asyncio
from dataclasses import dataclass, field
from itertools import product
from typing import cast

import pytest

from registry.domain.accounts import Caller, Permission, TokenClaims, principal_of
from registry.domain.errors import NotFound, PermissionDenied
from registry.domain.names import Name, Visibility
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.visibility import EVERYBODY, REGISTRY, Viewer
from registry.ports.names import NameStore
from registry.services.names.access import Access
from registry.services.names.private import PrivateNames
from tests.factories import make_package

OWNER_ONLY = {PackageStatus.DRAFT, PackageStatus.QUARANTINED}


@dataclass
class Names:
    """Stands in for `NameStore`: alice owns every name."""

    reads: int = 0
    lists: int = 0
    private: list[Name] = field(default_factory=list)

    async def list_private(self) -> list[Name]:
        self.lists += 1
        return list(self.private)

    async def find(self, kind: PackageType, name: str) -> Name:
        self.reads += 1
        return Name(kind, name, (principal_of("alice", "alice"),))


def a_caller(name: str, *permissions: Permission, account_id: str = "") -> Caller:
    return Caller(name, frozenset(permissions), TokenClaims("token", name, "epoch", 0), account_id or name)


def access(names: Names) -> Access:
    store = cast("NameStore", names)
    return Access(store, PrivateNames(store))


@pytest.mark.parametrize(("status", "user"), [*product(PackageStatus, ["alice", "bob", None])])
def test_listings_show_what_is_hidden_to_its_creator_and_admins(status: PackageStatus, user: str | None) -> None:
    package = make_package(status=status, created_by="alice")
    assert Viewer(user).sees(package) == (status not in OWNER_ONLY or user == "alice")
    assert Viewer(user, is_admin=True).sees(package)
    assert REGISTRY.sees(package)
    assert EVERYBODY.sees(package) == (status not in OWNER_ONLY)


async def test_the_permission_admin_makes_a_viewer_that_sees_everything() -> None:
    assert await access(Names()).viewer(a_caller("bob", Permission.ADMIN)) == Viewer("bob", is_admin=True)
    uploader = a_caller("bob", Permission.SEARCH, Permission.UPLOAD)
    assert await access(Names()).viewer(uploader) == Viewer("bob", principal=uploader.principal)


async def test_a_private_name_exists_for_owners_readers_and_admins() -> None:
    private = Name(
        PackageType.MODEL,
        "secret",
        (principal_of("alice", "alice"),),
        visibility=Visibility.PRIVATE,
        readers=(principal_of("carol", "carol"),),
    )
    names = Names(private=[private])
    package = make_package(name="secret", created_by="bob")
    seen = {user: await access(names).sees(package, a_caller(user)) for user in ("alice", "bob", "carol")}
    assert seen == {"alice": True, "bob": False, "carol": True}
    assert await access(names).sees(package, a_caller("dora", Permission.ADMIN))
    assert not await access(names).sees(package, None)
    assert await access(names).sees(make_package(name="secret", type=PackageType.CODE), a_caller("bob"))


async def test_a_process_knows_of_a_change_before_it_is_answered() -> None:
    names = Names()
    private = PrivateNames(cast("NameStore", names))
    assert await private.current() == {}
    assert await asyncio.gather(*(private.current() for _ in range(10))) == [{}] * 10
    assert names.lists == 1
    names.private.append(Name(PackageType.MODEL, "secret", (), visibility=Visibility.PRIVATE))
    await private.changed()
    assert list(await private.current()) == [(PackageType.MODEL, "secret")]


@pytest.mark.parametrize("status", PackageStatus)
async def test_a_hidden_package_exists_for_owners_of_its_name_and_admins(status: PackageStatus) -> None:
    names = Names()
    package = make_package(status=status, created_by="bob")
    hidden = status in OWNER_ONLY
    for caller in (a_caller("alice"), a_caller("carol", Permission.ADMIN)):
        await access(names).check_visible(package, caller)
    assert names.reads == hidden, "a name is read only where it decides"
    # An account that was created again under the owner's name is somebody else.
    for caller in (a_caller("bob"), a_caller("alice", account_id="another")):
        if hidden:
            with pytest.raises(NotFound, match="no package with this id"):
                await access(names).check_visible(package, caller)
        else:
            await access(names).check_visible(package, caller)
    assert await access(names).sees(package, None) != hidden


async def test_what_is_absent_is_as_what_is_hidden() -> None:
    with pytest.raises(NotFound, match="no package with this id"):
        await access(Names()).shown(None, a_caller("alice"))


async def test_others_than_owners_and_admins_change_nothing() -> None:
    package = make_package(created_by="carol")
    with pytest.raises(PermissionDenied, match="Only owners"):
        await access(Names()).check_owner(package, a_caller("bob", Permission.UPLOAD))
    await access(Names()).check_owner(package, a_caller("alice"))
    await access(Names()).check_owner(package, a_caller("bob", Permission.ADMIN))
