"""The caller as listings and searches need it. Of single packages `names/access` decides who may see them."""

from registry.domain.accounts import Caller
from registry.domain.visibility import Viewer


def viewer_of(caller: Caller) -> Viewer:
    """The caller as listings and searches need it."""
    return Viewer(caller.user, is_admin=caller.is_admin, names=caller.names)
