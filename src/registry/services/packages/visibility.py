"""The caller as listings and searches need it. Of single packages `names/access` decides who may see them."""

from registry.domain.accounts import Caller
from registry.domain.errors import PermissionDenied
from registry.domain.visibility import Viewer


def viewer_of(caller: Caller) -> Viewer:
    """The caller as listings and searches need it."""
    return Viewer(caller.user, is_admin=caller.is_admin, names=caller.names)


def check_may_publish(name: str, caller: Caller) -> None:
    """Raises PermissionDenied for an API token that is limited to other names."""
    if not caller.may_name(name):
        raise PermissionDenied(f"This API token is not for the name {name}; it is limited to others.")
