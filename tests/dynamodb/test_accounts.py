"""Tables that were filled before accounts had ids and admins were listed."""

import asyncio
from dataclasses import replace

import pytest

from registry.adapters.dynamodb import account_keys
from registry.adapters.dynamodb.accounts import DynamoAccountStore, account_item
from registry.adapters.dynamodb.client import DynamoTable
from registry.domain.accounts import Account, Permission
from registry.domain.errors import LastAdmin
from tests.factories import make_account

ADMIN = frozenset({Permission.ADMIN})


@pytest.fixture
async def old(table: DynamoTable) -> list[Account]:
    """Two admins and a user as an earlier version wrote them."""
    accounts = [make_account(name=name, permissions=ADMIN) for name in ("ann", "bob")] + [make_account(name="carl")]
    for account in accounts:
        item = {name: value for name, value in account_item(account).items() if name != "id"}
        await table.transact([table.put(item), table.put(account_keys.account_entry_key(account.name))])
    return accounts


async def test_an_account_without_an_id_has_its_name_as_id(table: DynamoTable, old: list[Account]) -> None:
    accounts = DynamoAccountStore(table)
    assert await accounts.get("carl") == replace(old[2], id="carl")
    session = await accounts.find_session("carl", "token")
    assert session is not None
    assert session.account_id == "carl"


async def test_no_first_admin_is_added_where_accounts_are(table: DynamoTable, old: list[Account]) -> None:
    assert not await DynamoAccountStore(table).add_first(make_account(name="admin", permissions=ADMIN))


async def test_the_last_of_the_old_admins_stays(table: DynamoTable, old: list[Account]) -> None:
    accounts = DynamoAccountStore(table)
    outcomes = await asyncio.gather(accounts.remove("ann"), accounts.remove("bob"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [LastAdmin]
    await accounts.remove("carl")


async def test_a_new_admin_counts_beside_the_old(table: DynamoTable, old: list[Account]) -> None:
    accounts = DynamoAccountStore(table)
    await accounts.add(make_account(name="dora", permissions=ADMIN))
    await accounts.remove("ann")
    await accounts.remove("bob")
    with pytest.raises(LastAdmin):
        await accounts.remove("dora")
