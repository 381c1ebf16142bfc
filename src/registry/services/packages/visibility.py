"""Whether a caller may see or change a package, for every use case. The rule itself is `domain/visibility.py`."""

from typing import TypeVar

from registry.domain.accounts import Caller
from registry.domain.errors import NotFound, PermissionDenied
from registry.domain.visibility import Guarded, Viewer

_Found = TypeVar("_Found", bound=Guarded)


def viewer_of(caller: Caller) -> Viewer:
    """The caller as listings, searches and dependencies need it."""
    return Viewer(caller.user, is_admin=caller.is_admin, names=caller.names)


def visible(package: _Found | None, caller: Caller, *, quarantined: bool = False) -> _Found:
    """The package or document that was found. Raises NotFound where there is none, or none for this caller.

    With `quarantined` a quarantined one is there for everybody: the caller is about to hear why it is.
    """
    if package is None or not viewer_of(caller).sees(package, quarantined=quarantined):
        raise NotFound("There is no package with this id.")
    return package


def check_may_publish(name: str, caller: Caller) -> None:
    """Raises PermissionDenied for an API token that is limited to other names."""
    if not caller.may_name(name):
        raise PermissionDenied(f"This API token is not for the name {name}; it is limited to others.")


def changeable(package: _Found | None, caller: Caller) -> _Found:
    """The package, for a caller who may change it. Raises NotFound as `visible`, PermissionDenied."""
    found = visible(package, caller)
    if not viewer_of(caller).may_change(found):
        raise PermissionDenied("Only the owner of the package and admins may change it.")
    return found
