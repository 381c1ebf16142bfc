"""What changes of names and of namespaces have in common."""

from collections.abc import Sequence

from registry.domain.accounts import USER_NAME_PATTERN, Caller
from registry.domain.errors import FieldError, InvalidInput, LastOwner, NotFound, RevisionConflict
from registry.ports.accounts import AccountStore

CHANGE_ATTEMPTS = 20


class AccountNames:
    """Finds the accounts that a request names."""

    def __init__(self, accounts: AccountStore) -> None:
        self._accounts = accounts

    async def owners(self, names: Sequence[str]) -> tuple[str, ...]:
        """The accounts of a list of owners, each once. Raises InvalidInput for unknown ones, LastOwner for none."""
        if not names:
            raise LastOwner("A name keeps one owner at least. List who shall own it.")
        return await self.principals(names, pointer="/owners")

    async def principals(self, names: Sequence[str], *, pointer: str) -> tuple[str, ...]:
        """The accounts of these users, each once. Raises InvalidInput for unknown ones, whose list is `pointer`."""
        found: dict[str, None] = {}
        unknown: list[FieldError] = []
        for place, name in enumerate(names):
            try:
                account = await self._accounts.get(name) if USER_NAME_PATTERN.fullmatch(name) else None
            except NotFound:
                account = None
            if account is not None:
                found[account.principal] = None
            else:
                unknown.append(FieldError(f"{pointer}/{place}", f"there is no user {name!r}"))
        if unknown:
            raise InvalidInput(unknown)
        return tuple(found)


def needs_owner(caller: Caller) -> str | None:
    """Who must own a name that the caller changes: nobody need for admins."""
    return None if caller.is_admin else caller.principal


def busy() -> RevisionConflict:
    """What is raised once so many attempts have failed."""
    return RevisionConflict("The name is being changed by many others. Try again.")
