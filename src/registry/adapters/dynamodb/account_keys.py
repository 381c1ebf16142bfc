"""Keys of accounts and their tokens; `keys` has the list of all items."""

from registry.adapters.dynamodb.keys import Item, key


def account_key(name: str) -> Item:
    return key(f"U#{name}", "account")


def account_entry_key(name: str) -> Item:
    return key("accounts", name)


def admins_key() -> Item:
    return key("admins", "admins")


def token_key(token_id: str) -> Item:
    return key(f"T#{token_id}", "token")


def grant_key(digest: str) -> Item:
    return key(f"G#{digest}", "grant")


def tokens_of(user: str) -> str:
    """The partition of a user's API tokens."""
    return f"J#{user}"


def token_entry_key(user: str, token_id: str) -> Item:
    return key(tokens_of(user), token_id)


def token_id_key(token_id: str) -> Item:
    return key(f"I#{token_id}", "grant")
