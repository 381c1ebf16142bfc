"""What every AuditStore does."""

from datetime import timedelta

import pytest

from registry.domain.packages import AuditAction
from tests.conformance.records import RecordBackend, Records
from tests.factories import START, make_audit_entry, make_change, make_id, make_package


class AuditStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize("action", AuditAction)
    async def test_gives_back_what_was_appended(self, records: Records, action: AuditAction) -> None:
        entry = make_audit_entry(
            make_id(), action=action, user="A.b@c", revision=9, sha256="ef" * 32, at=START + timedelta(microseconds=1)
        )

        await records.audit.append([entry])

        assert list(await records.audit.list_entries(entry.package_id, limit=5, after=None)) == [entry]

    async def test_pages_newest_first(self, records: Records, others: Records) -> None:
        package_id, other_id = make_id(), make_id()
        entries = [make_audit_entry(package_id, action=AuditAction.DOWNLOAD) for _ in range(7)]
        await records.audit.append([*entries[:3], make_audit_entry(other_id)])
        await records.audit.append(entries[3:])

        first = await others.audit.list_entries(package_id, limit=4, after=None)
        newer = make_audit_entry(package_id)
        await records.audit.append([newer])
        second = await others.audit.list_entries(package_id, limit=4, after=first[-1].id)

        assert [*first, *second] == entries[::-1]
        assert list(await others.audit.list_entries(package_id, limit=1, after=None)) == [newer]
        assert list(await others.audit.list_entries(package_id, limit=4, after=second[-1].id)) == []

    async def test_nothing_to_append_and_nothing_to_list(self, records: Records) -> None:
        await records.audit.append([])

        assert list(await records.audit.list_entries(make_id(), limit=4, after=None)) == []

    async def test_appending_again_is_no_second_entry(self, records: Records) -> None:
        entry = make_audit_entry(make_id())

        await records.audit.append([entry])
        await records.audit.append([entry])

        assert list(await records.audit.list_entries(entry.package_id, limit=4, after=None)) == [entry]

    async def test_entries_of_changes_outlive_the_package(self, records: Records, backend: RecordBackend) -> None:
        package = make_package()
        created = make_change(package.id)
        removed = make_change(package.id, action=AuditAction.DELETE)
        await records.packages.add(package, created)
        await records.packages.remove(package.id, removed, expected_revision=1)

        async with backend.open() as reopened:
            entries = await reopened.audit.list_entries(package.id, limit=4, after=None)
        assert list(entries) == [removed.audit, created.audit]
