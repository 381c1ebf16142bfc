"""Whether an API token may publish under a name, or own a namespace. `names/access` decides who may see a package."""

from registry.domain.accounts import Caller
from registry.domain.errors import PermissionDenied


def check_may_publish(name: str, caller: Caller) -> None:
    """Raises PermissionDenied for an API token that is limited to other names."""
    if not caller.may_name(name):
        raise PermissionDenied(f"This API token is not for the name {name}; it is limited to others.")


def check_may_own(space: str, caller: Caller) -> None:
    """Raises PermissionDenied for an API token that is limited to some names of the namespace, or to none.

    Who owns a namespace creates every name in it: a token for one name would reach all others by its owners.
    """
    if caller.names is not None and not caller.names.cover_all_in(space):
        raise PermissionDenied(f"This API token is limited to other names than all of {space}/*.")
