"""Which passwords a user may choose.

After NIST SP 800-63B: long enough, not a common one, not the name; no rules about kinds of characters.
"""

from functools import cache
from importlib import resources

from registry.domain.accounts import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from registry.domain.errors import InvalidInput


def check_new_password(password: str, user_name: str, *, pointer: str = "/password") -> None:
    """Raise InvalidInput, naming the place `pointer`, unless `password` is good enough for `user_name`."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise InvalidInput(
            f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH:,} characters", pointer=pointer
        )
    folded = password.lower()
    if folded == user_name.lower():
        raise InvalidInput("the password must not be the user name; choose another", pointer=pointer)
    if folded in _common_passwords():
        raise InvalidInput("this password is among the most common ones; choose another", pointer=pointer)


@cache
def _common_passwords() -> frozenset[str]:
    """Some 11,600 passwords in lower case: about 1 MB, read when the first user is made."""
    text = resources.files("registry.services.accounts").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
