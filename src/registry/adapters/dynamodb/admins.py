"""Who is admin, in one item, so that a transaction can refuse to remove the last one.

The item is also the memory that accounts existed: it is made with the first admin and goes only with a reset. A table
from before the item existed gets it before the first change of an admin, made from the accounts.
"""

from registry.adapters.dynamodb import account_keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.keys import Item
from registry.adapters.dynamodb.records import attribute
from registry.adapters.dynamodb.transaction import ABSENT, Transaction
from registry.domain.accounts import Permission
from registry.domain.errors import LastAdmin, Unavailable

_SOMEBODY_STAYS = "attribute_exists(pk) AND (NOT contains(admins, :name) OR size(admins) > :one)"
_PAGE = 100


def admins_item(*names: str) -> Item:
    """The item that lists these admins."""
    return {**account_keys.admins_key(), **({"admins": {"SS": list(names)}} if names else {})}


async def ensure_admins(table: DynamoTable) -> bool:
    """Make the item where there are accounts and no item. False when there are neither."""
    if await table.get(account_keys.admins_key()) is not None:
        return True
    names: list[str] = []
    after, last, found = None, False, False
    while not last:
        entries, last = await table.query("accounts", after=after, limit=_PAGE)
        users = [attribute(entry, "sk") for entry in entries]
        accounts = await table.batch_get([account_keys.account_key(user) for user in users])
        names += [attribute(account, "name") for account in accounts if is_admin(account)]
        found = found or bool(accounts)
        after = users[-1] if users else None
    if not found:
        return False
    transaction = Transaction(table)
    transaction.put_if(admins_item(*names), ABSENT, otherwise=lambda _: Unavailable("made by another process"))
    try:
        await transaction.commit()
    except Unavailable:
        # Who was faster read the same accounts: no admin changes before the item is there.
        return await table.get(account_keys.admins_key()) is not None
    return True


def is_admin(account: Item) -> bool:
    """Whether an account's item has the permission."""
    return Permission.ADMIN.value in attribute(account, "permissions").split()


def list_admin(transaction: Transaction, name: str) -> None:
    """Have the transaction list an admin. The item must exist, see `ensure_admins`."""
    transaction.update_if(
        account_keys.admins_key(),
        "ADD admins :names",
        "attribute_exists(pk)",
        {":names": {"SS": [name]}},
        otherwise=_missing,
    )


def unlist_admin(transaction: Transaction, name: str) -> None:
    """Have the transaction end with LastAdmin where no other admin stays. The item must exist, see `ensure_admins`."""
    transaction.update_if(
        account_keys.admins_key(),
        "DELETE admins :names",
        _SOMEBODY_STAYS,
        {":names": {"SS": [name]}, ":name": {"S": name}, ":one": {"N": "1"}},
        otherwise=lambda found: LastAdmin(name) if found else _missing(found),
    )


def _missing(_: Item) -> Unavailable:
    # A reset is under way.
    return Unavailable("The accounts are being reset. Try again.")
