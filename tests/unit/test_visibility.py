"""Who sees and who changes a package."""

from itertools import product

import pytest

from registry.domain.accounts import Caller, Permission, TokenClaims
from registry.domain.errors import NotFound, PermissionDenied
from registry.domain.packages import PackageStatus
from registry.domain.visibility import EVERYBODY, REGISTRY, Viewer
from registry.services.packages.visibility import changeable, viewer_of, visible
from tests.factories import make_package

OWNER_ONLY = {PackageStatus.QUARANTINED}


def a_caller(name: str, *permissions: Permission) -> Caller:
    return Caller(name, frozenset(permissions), TokenClaims("token", name, "epoch", 0), name)


@pytest.mark.parametrize(("status", "user"), [*product(PackageStatus, ["alice", "bob", None])])
def test_only_its_owner_and_admins_see_what_is_quarantined(status: PackageStatus, user: str | None) -> None:
    package = make_package(status=status, created_by="alice")
    assert Viewer(user).sees(package) == (status not in OWNER_ONLY or user == "alice")
    assert Viewer(user, is_admin=True).sees(package)
    assert REGISTRY.sees(package)
    assert EVERYBODY.sees(package) == (status not in OWNER_ONLY)


def test_the_permission_admin_makes_a_viewer_that_sees_everything() -> None:
    assert viewer_of(a_caller("bob", Permission.ADMIN)) == Viewer("bob", is_admin=True)
    assert viewer_of(a_caller("bob", Permission.SEARCH, Permission.UPLOAD)) == Viewer("bob")


def test_a_hidden_package_is_as_absent_as_none() -> None:
    hidden = make_package(status=PackageStatus.QUARANTINED, created_by="alice")
    for found, use in product((hidden, None), (visible, changeable)):
        with pytest.raises(NotFound, match="no package with this id"):
            use(found, a_caller("bob", Permission.UPLOAD))
    assert visible(hidden, a_caller("alice")) is hidden


def test_only_its_owner_and_admins_change_a_package() -> None:
    package = make_package(created_by="alice")
    with pytest.raises(PermissionDenied, match="Only the owner"):
        changeable(package, a_caller("bob", Permission.UPLOAD))
    assert changeable(package, a_caller("alice")) is package
    assert changeable(package, a_caller("bob", Permission.ADMIN)) is package
