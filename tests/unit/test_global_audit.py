"""What was signed before is checked before anything new is signed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.adapters.ed25519 import Ed25519Signer, verify
from registry.adapters.sqlite.audit import SqliteAuditStore
from registry.adapters.sqlite.audit_log import SqliteAuditLog
from registry.adapters.sqlite.database import SqliteDatabase
from registry.domain.audit_log import AuditFilter, digest_of
from registry.domain.errors import AuditLogDamaged
from registry.services.audit.global_audit import GlobalAudit
from tests.factories import make_audit_entry, make_id


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "registry.db")
    yield opened
    await opened.close()


def audit(database: SqliteDatabase, key: str = "one") -> GlobalAudit:
    signer = Ed25519Signer(key, purpose="tests")
    return GlobalAudit(SqliteAuditLog(database), SqliteAuditStore(database), signer, verify)


async def record(database: SqliteDatabase, count: int) -> None:
    await SqliteAuditStore(database).append([make_audit_entry(make_id()) for _ in range(count)])


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM audit_tiles WHERE level = 0 AND number = 0",
        "UPDATE audit_tiles SET hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB) WHERE number = 0",
        "UPDATE audit_log SET size = 5",
    ],
)
async def test_a_changed_log_is_not_signed(database: SqliteDatabase, damage: str) -> None:
    service = audit(database)
    await record(database, 7)
    assert (await service.checkpoint()).checkpoint.size == 7
    await record(database, 3)
    assert (await service.checkpoint()).checkpoint.size == 10
    await database.write(lambda connection: connection.execute(damage).rowcount)
    with pytest.raises(AuditLogDamaged):
        await service.checkpoint()


async def test_another_key_begins_another_history(database: SqliteDatabase) -> None:
    await record(database, 2)
    first = await audit(database).checkpoint()
    second = await audit(database, "another").checkpoint()
    assert first.checkpoint == second.checkpoint
    assert first.public_key != second.public_key


async def test_an_entry_that_was_altered_no_longer_has_its_digest(database: SqliteDatabase) -> None:
    service = audit(database)
    await record(database, 3)
    await service.checkpoint()
    await database.write(
        lambda connection: connection.execute("UPDATE audit SET user = 'eve' WHERE position = 1").rowcount
    )
    page = await service.list_page(AuditFilter(), package_id=None, limit=5, after=None)
    assert [digest_of(item).hex() == item["digest"] for item in page.items] == [True, False, True]
