"""Files that an earlier version of the registry wrote."""

from datetime import timedelta
from pathlib import Path

import pytest

from registry.adapters.sqlite.accounts import SqliteAccountStore
from registry.adapters.sqlite.database import SqliteDatabase
from registry.adapters.sqlite.idempotency import SqliteIdempotencyStore
from registry.adapters.sqlite.schema import RECORDS
from registry.api.idempotency import decode_response
from registry.domain.accounts import Permission
from registry.domain.errors import LastAdmin
from registry.domain.times import to_microseconds
from tests.factories import START, ManualClock, make_account

_BEFORE_ACCOUNT_IDS = 5
_BEFORE_IDEMPOTENCY_RECORDS = 12
_OLD_ACCOUNT = "INSERT INTO accounts VALUES ('ann', 'hash', 'admin', 'epoch', 0, 1)"


async def test_accounts_from_before_ids_existed(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    old = await SqliteDatabase.open(path, migrations=RECORDS[:_BEFORE_ACCOUNT_IDS])
    await old.write(lambda connection: connection.execute(_OLD_ACCOUNT).rowcount)
    await old.close()

    database = await SqliteDatabase.open(path)
    accounts = SqliteAccountStore(database)

    assert (await accounts.get("ann")).id == "ann"
    assert not await accounts.add_first(make_account(permissions=frozenset({Permission.ADMIN})))
    with pytest.raises(LastAdmin):
        await accounts.remove("ann")
    await database.close()


async def test_a_file_without_accounts_gets_its_first_admin(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    await (await SqliteDatabase.open(path, migrations=RECORDS[:_BEFORE_ACCOUNT_IDS])).close()
    database = await SqliteDatabase.open(path)
    assert await SqliteAccountStore(database).add_first(make_account(permissions=frozenset({Permission.ADMIN})))
    await database.close()


async def test_a_request_from_before_the_upgrade_gets_its_response_again(tmp_path: Path) -> None:
    path, body = tmp_path / "registry.db", '{"id":"0193","description":"\u00e9\\n"}'.encode()
    row = ("k", "f", 202, '[["Location", "/package/0193"]]', body, to_microseconds(START + timedelta(hours=1)))
    old = await SqliteDatabase.open(path, migrations=RECORDS[:_BEFORE_IDEMPOTENCY_RECORDS])
    await old.write(
        lambda connection: connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", row).rowcount
    )
    await old.close()

    database = await SqliteDatabase.open(path)
    record = await SqliteIdempotencyStore(database, ManualClock()).find("k")
    await database.close()
    assert record is not None
    assert (record.fingerprint, record.made_id) == ("f", "0193")
    assert decode_response(record.response) == (202, (("Location", "/package/0193"),), body)
