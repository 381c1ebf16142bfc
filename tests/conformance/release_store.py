"""What every ReleaseStore does: drafts become active, and aliases move, all at once for whoever reads."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.errors import PermissionDenied, RevisionConflict
from registry.domain.listing import PackageFilter
from registry.domain.names import Name
from registry.domain.packages import AuditAction, Package, PackageStatus, PackageType
from registry.domain.releases import Release, ReleasedName, ReleasedPackage
from registry.ports.names import NameChange
from tests.conformance.name_store import publish, who
from tests.conformance.records import RecordBackend, Records
from tests.factories import make_audit_entry, make_change, make_event, make_id

DRAFT, ACTIVE = PackageStatus.DRAFT, PackageStatus.ACTIVE


async def drafts(records: Records, count: int, **members: object) -> list[Package]:
    """Drafts of as many names, two of them in one."""
    names = ["set/one", "set/one", *(f"set/{number}" for number in range(2, count))]
    return [
        await publish(records, "alice", name, version=f"{number + 1}.0.0", status=DRAFT, tags=("nlp",), **members)
        for number, name in enumerate(names[:count])
    ]


async def release_of(records: Records, packages: list[Package], *, user: str = "alice") -> Release:
    """The release of these drafts, with an alias `prod` for each name."""
    released = []
    for package in packages:
        after = replace(package, status=ACTIVE, revision=package.revision + 1)
        change = make_change(
            package.id,
            action=AuditAction.RELEASE,
            revision=after.revision,
            user=user,
            events=(make_event(package.id),),
            overrides_owners=False,
        )
        released.append(ReleasedPackage(after, change))
    names = []
    for name in dict.fromkeys(package.name for package in packages):
        before = await records.names.find(PackageType.MODEL, name)
        assert before is not None
        version = max(str(package.version) for package in packages if package.name == name)
        moved = replace(before, aliases={**before.aliases, "prod": version}, revision=before.revision + 1)
        entry = make_audit_entry(packages[0].id, action=AuditAction.ALIAS)
        names.append(ReleasedName(moved, (entry,), (make_event(packages[0].id),)))
    return Release(make_id(), tuple(released), tuple(names), who(user))


async def seen(records: Records, packages: list[Package]) -> list[set[bool]]:
    """Whether the packages are released, as each way of reading shows them."""
    ids = [package.id for package in packages]
    by_id = {(await records.packages.get(package_id)).status is ACTIVE for package_id in ids}
    documents = [await records.packages.find_document(package_id) for package_id in ids]
    by_document = {document is not None and document.status is ACTIVE for document in documents}
    at_once = {package.status is ACTIVE for package in await records.packages.get_many(ids)}
    views = [await records.names.find_view(PackageType.MODEL, package.name) for package in packages]
    by_name = {named.status is ACTIVE for view in views if view is not None for named in view.versions}
    by_alias = {"prod" in view.name.aliases for view in views if view is not None}
    versions = await records.packages.list_versions([package.name for package in packages])
    by_versions = {named.status is ACTIVE for found in versions.values() for named in found}
    listed = [by_id, by_document, at_once, by_name, by_alias, by_versions]
    for wanted in (PackageFilter(), PackageFilter(tag="nlp"), PackageFilter(type=PackageType.MODEL)):
        page = await records.packages.list_page(wanted, limit=100, after=None)
        listed.append({package_id in {item.id for item in page.items} for package_id in ids})
    return listed


def none_is_mixed(views: list[set[bool]]) -> None:
    assert all(len(view) == 1 for view in views), views


class ReleaseStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_everything_becomes_active_at_once(self, records: Records) -> None:
        packages = await drafts(records, 4)
        assert await seen(records, packages) == [{False}] * 9
        await records.releases.release(await release_of(records, packages))
        assert await seen(records, packages) == [{True}] * 9
        for package in packages:
            released = await records.packages.get(package.id)
            assert released == replace(package, status=ACTIVE, revision=2)
            entries = await records.audit.list_entries(package.id, limit=10, after=None)
            assert [entry.action for entry in entries].count(AuditAction.RELEASE) == 1
        page = await records.packages.list_page(PackageFilter(status=DRAFT), limit=10, after=None)
        assert page.items == ()

    async def test_fifty_packages(self, records: Records) -> None:
        packages = await drafts(records, 50)
        await records.releases.release(await release_of(records, packages))
        assert await seen(records, packages) == [{True}] * 9

    async def test_a_change_meanwhile_refuses_the_whole(self, records: Records) -> None:
        packages = await drafts(records, 3)
        release = await release_of(records, packages)
        changed = replace(packages[2], description="changed", revision=2)
        await records.packages.replace(changed, make_change(changed.id), expected_revision=1)
        with pytest.raises(RevisionConflict):
            await records.releases.release(release)
        assert await seen(records, packages) == [{False}] * 9
        await records.releases.release(await release_of(records, [*packages[:2], changed]))
        assert await seen(records, packages) == [{True}] * 9

    async def test_a_removed_owner_releases_nothing(self, records: Records) -> None:
        packages = await drafts(records, 2)
        name = Name(PackageType.MODEL, "set/one", (who("bob"),), revision=2)
        await records.names.replace(name, NameChange(who("alice")), expected_revision=1)
        release = await release_of(records, packages)
        with pytest.raises(PermissionDenied):
            await records.releases.release(release)
        assert await seen(records, packages) == [{False}] * 9

    async def test_released_packages_change_like_others(self, records: Records) -> None:
        packages = await drafts(records, 3)
        await records.releases.release(await release_of(records, packages))
        first, second, _ = packages
        changed = replace(first, status=ACTIVE, description="changed", revision=3)
        await records.packages.replace(changed, make_change(first.id), expected_revision=2)
        assert await records.packages.get(first.id) == changed
        await records.packages.remove(second.id, make_change(second.id), expected_revision=2)
        view = await records.names.find_view(PackageType.MODEL, "set/one")
        assert view is not None
        assert ([named.id for named in view.versions], dict(view.name.aliases)) == ([first.id], {})

    async def test_what_is_left_goes_with_a_sweep(self, backend: RecordBackend, records: Records) -> None:
        packages = await drafts(records, 3)
        await records.releases.release(await release_of(records, packages))
        await records.releases.settle(backend.clock.now())
        backend.clock.advance(timedelta(minutes=2))
        await records.releases.settle(backend.clock.now())
        assert await records.releases.settle(backend.clock.now()) == 0
        assert await seen(records, packages) == [{True}] * 9

    async def test_of_two_releases_of_a_draft_one_is_made(self, records: Records, others: Records) -> None:
        packages = await drafts(records, 3)
        releases = [await release_of(records, packages), await release_of(records, packages[::-1])]

        async def attempt(store: Records, release: Release) -> bool:
            try:
                await store.releases.release(release)
            except RevisionConflict:
                return False
            return True

        made = await asyncio.gather(attempt(records, releases[0]), attempt(others, releases[1]))
        assert made.count(True) <= 1
        none_is_mixed(await seen(records, packages))
        assert await seen(records, packages) == [{True in made}] * 9

    async def test_readers_see_all_or_nothing(self, records: Records, others: Records) -> None:
        packages = await drafts(records, 8)
        ids = [package.id for package in packages]
        done = asyncio.Event()
        views = 0

        async def read() -> None:
            nonlocal views
            while not done.is_set():
                at_once = {package.status for package in await others.packages.get_many(ids)}
                assert len(at_once) == 1
                page = await others.packages.list_page(PackageFilter(tag="nlp"), limit=50, after=None)
                assert len(page.items) in (0, len(ids))
                view = await others.names.find_view(PackageType.MODEL, "set/one")
                assert view is not None
                assert len({*(named.status is ACTIVE for named in view.versions), "prod" in view.name.aliases}) == 1
                views += 1
                await asyncio.sleep(0)

        async def write() -> None:
            await records.releases.release(await release_of(records, packages))
            await asyncio.sleep(0.05)
            done.set()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(read())
            tasks.create_task(write())
        assert views
