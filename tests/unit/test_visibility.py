"""Who sees and who changes a package."""

from dataclasses import dataclass
from itertools import product
from typing import cast

import pytest

from registry.domain.accounts import Caller, Permission, TokenClaims, principal_of
from registry.domain.errors import NotFound, PermissionDenied
from registry.domain.names import Name
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.visibility import EVERYBODY, REGISTRY, Viewer
from registry.ports.names import NameStore
from registry.services.names.access import Access
from registry.services.packages.visibility import viewer_of
from tests.factories import make_package

OWNER_ONLY = {PackageStatus.DRAFT, PackageStatus.QUARANTINED}


@dataclass
class Names:
    """Stands in for `NameStore`: alice owns every name."""

    reads: int = 0

    async def find(self, kind: PackageType, name: str) -> Name:
        self.reads += 1
        return Name(kind, name, (principal_of("alice", "alice"),))


def a_caller(name: str, *permissions: Permission, account_id: str = "") -> Caller:
    return Caller(name, frozenset(permissions), TokenClaims("token", name, "epoch", 0), account_id or name)


def access(names: Names) -> Access:
    return Access(cast("NameStore", names))


@pytest.mark.parametrize(("status", "user"), [*product(PackageStatus, ["alice", "bob", None])])
def test_listings_show_what_is_hidden_to_its_creator_and_admins(status: PackageStatus, user: str | None) -> None:
    package = make_package(status=status, created_by="alice")
    assert Viewer(user).sees(package) == (status not in OWNER_ONLY or user == "alice")
    assert Viewer(user, is_admin=True).sees(package)
    assert REGISTRY.sees(package)
    assert EVERYBODY.sees(package) == (status not in OWNER_ONLY)


def test_the_permission_admin_makes_a_viewer_that_sees_everything() -> None:
    assert viewer_of(a_caller("bob", Permission.ADMIN)) == Viewer("bob", is_admin=True)
    assert viewer_of(a_caller("bob", Permission.SEARCH, Permission.UPLOAD)) == Viewer("bob")


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
