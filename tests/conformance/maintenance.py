"""What every RecordMaintenance does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import NotFound
from registry.domain.listing import PackageFilter
from tests.conformance.package_listing import walk
from tests.conformance.package_store import add
from tests.conformance.records import RecordBackend, Records
from tests.factories import (
    make_account,
    make_change,
    make_content,
    make_health_sample,
    make_idempotency_record,
    make_package,
)


class RecordMaintenanceContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_live_blob_keys(self, records: Records) -> None:
        kept = await add(records, content=make_content(blob_key="kept"))
        removed = await add(records, content=make_content(blob_key="removed"))
        replaced = await add(records, content=make_content(blob_key="replaced"))
        await add(records)
        await records.packages.remove(removed.id, make_change(removed.id), expected_revision=1)
        changed = replace(replaced, content=make_content(blob_key="it's new"), revision=2)
        await records.packages.replace(changed, make_change(replaced.id), expected_revision=1)

        keys = ["kept", "removed", "replaced", "it's new", "unknown", kept.id]

        assert await records.maintenance.live_blob_keys(keys) == {"kept", "it's new"}
        assert await records.maintenance.live_blob_keys([]) == set()

    async def test_list_contents(self, records: Records) -> None:
        contents = [make_content(size=number, sha256=f"{number:064x}") for number in range(30)]
        expected = {
            ((await add(records, content=content)).id, content.blob_key, content.size, content.sha256)
            for content in contents
        }
        await add(records)

        listed = [content async for content in records.maintenance.list_contents()]

        assert len(listed) == len(expected)
        assert set(listed) == expected

    async def test_purge_drops_what_has_expired_and_only_that(self, records: Records, backend: RecordBackend) -> None:
        now = backend.clock.now()
        account = make_account()
        await records.accounts.add(account)
        old, fresh = (make_idempotency_record(expires_at=now + timedelta(hours=hours)) for hours in (1, 3))
        for answer in (old, fresh):
            package = make_package()
            await records.packages.add(package, make_change(package.id, idempotency=answer))
        for token, hours in (("old", 1), ("fresh", 3)):
            await records.accounts.revoke_token(token, expires_at=now + timedelta(hours=hours))

        dropped = await records.maintenance.purge_expired(now + timedelta(hours=2))

        assert dropped == 2
        assert await records.maintenance.purge_expired(now + timedelta(hours=2)) == 0
        assert await records.idempotency.find(fresh.key) == fresh
        session = await records.accounts.find_session(account.name, "fresh")
        assert session is not None
        assert session.revoked

    async def test_reset_leaves_the_admin_alone(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        package = await add(records, name="bert", tags=("a",), content=make_content(blob_key="key"))
        answered = make_package()
        answer = make_idempotency_record()
        await records.packages.add(answered, make_change(answered.id, idempotency=answer))
        await records.accounts.add(make_account(name="alice"))
        await records.accounts.revoke_token("token", expires_at=backend.clock.now() + timedelta(hours=1))
        await records.health.record([make_health_sample()])
        admin = make_account(name="admin")

        await records.maintenance.reset(admin)

        assert await others.accounts.list_accounts(limit=9, after=None) == [admin]
        assert await walk(others, PackageFilter(status=None), limit=9) == []
        assert await walk(others, PackageFilter(tag="a"), limit=9) == []
        with pytest.raises(NotFound):
            await others.packages.get(package.id)
        assert await others.packages.list_versions(["bert"]) == {}
        assert await others.audit.list_entries(package.id, limit=9, after=None) == []
        assert await others.idempotency.find(answer.key) is None
        assert await others.maintenance.live_blob_keys(["key"]) == set()
        assert [content async for content in others.maintenance.list_contents()] == []
        assert await others.health.list_samples(since=make_health_sample().minute) == []
        session = await others.accounts.find_session("admin", "token")
        assert session is not None
        assert not session.revoked

        again = await add(others, name="bert", tags=("a",))
        assert await records.packages.get(again.id) == again

    async def test_reset_replaces_an_account_of_the_admins_name(self, records: Records) -> None:
        await records.accounts.add(make_account(name="admin", token_epoch="old"))
        admin = make_account(name="admin", token_epoch="new")

        await records.maintenance.reset(admin)
        await records.maintenance.reset(admin)

        assert await records.accounts.get("admin") == admin

    async def test_resets_and_sweeps_at_once_end_together(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        for _ in range(20):
            await add(records, tags=("a", "b"))
        admin = make_account(name="admin")

        await asyncio.gather(
            records.maintenance.reset(admin),
            others.maintenance.reset(admin),
            others.maintenance.purge_expired(backend.clock.now()),
        )

        package = await add(records, tags=("a",))
        await others.maintenance.purge_expired(backend.clock.now())
        assert [found.id for found in await walk(others, PackageFilter(tag="a"), limit=9)] == [package.id]
        assert await others.accounts.list_accounts(limit=9, after=None) == [admin]

    async def test_ping(self, records: Records) -> None:
        await records.maintenance.ping()
