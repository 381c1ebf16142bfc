"""Whether an API token may publish under a name. Who may see a package is decided by `names/access`."""

from registry.domain.accounts import Caller
from registry.domain.errors import PermissionDenied


def check_may_publish(name: str, caller: Caller) -> None:
    """Raises PermissionDenied for an API token that is limited to other names."""
    if not caller.may_name(name):
        raise PermissionDenied(f"This API token is not for the name {name}; it is limited to others.")
