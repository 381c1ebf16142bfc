"""What every store does about names: owners, look-alikes, versions that keep their bytes."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from registry.domain.accounts import Caller, Permission, principal_of
from registry.domain.downloads import Downloaded
from registry.domain.errors import (
    AlreadyAnswered,
    NameTooSimilar,
    NotFound,
    PackageExists,
    PermissionDenied,
    RevisionConflict,
    VersionRetired,
)
from registry.domain.names import Name, Visibility
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.ports.names import NameChange
from registry.services.names import namespaces
from registry.services.names.owners import AccountNames
from registry.services.names.private import PrivateNames
from tests.conformance.records import Records
from tests.factories import (
    make_account,
    make_audit_entry,
    make_change,
    make_content,
    make_event,
    make_id,
    make_idempotency_record,
    make_package,
)

LOOK_ALIKES = [
    ("bert", "Bert"),
    ("bert-base", "bert_base"),
    ("bert-base", "bert..base"),
    ("model-0", "model-O"),
    ("model-1", "model-l"),
    ("model-I", "MODEL_1"),
    ("Some.Name", "some--name"),
]
BYTES = make_content(sha256="11" * 32)
OTHER_BYTES = make_content(sha256="22" * 32)


def who(name: str) -> str:
    """The principal of a user whose account is from before ids."""
    return principal_of(name, name)


async def publish(records: Records, user: str, name: str, **members: object) -> Package:
    """Publish as a user who is no admin."""
    package = make_package(**{"name": name, "created_by": user, "content": make_content(), **members})
    await records.packages.add(package, make_change(package.id, user=user, overrides_owners=False))
    return package


async def owners(records: Records, name: str, kind: PackageType = PackageType.MODEL) -> tuple[str, ...] | None:
    found = await records.names.find(kind, name)
    return None if found is None else found.owners


class NameStoreContract:
    """Subclass in a module with the fixture `backend`."""

    async def test_first_publisher_owns_the_name_and_its_namespace(self, records: Records) -> None:
        assert await owners(records, "acme/bert") is None
        await publish(records, "alice", "acme/bert")

        assert await owners(records, "acme/bert") == (who("alice"),)
        assert await owners(records, "acme/bert", PackageType.DATASET) is None
        space = await records.names.find_namespace("acme")
        assert space is not None
        assert space.owners == (who("alice"),)

    async def test_others_publish_no_further_version(self, records: Records) -> None:
        await publish(records, "alice", "bert", version="1.0.0")
        with pytest.raises(PermissionDenied):
            await publish(records, "mallory", "bert", version="2.0.0")
        with pytest.raises(PermissionDenied):
            await publish(records, "mallory", "bert", version="1.0.0")
        await publish(records, "alice", "bert", version="2.0.0")
        with pytest.raises(PackageExists):
            await publish(records, "alice", "bert", version="2.0.0")
        # Another type is another name.
        await publish(records, "mallory", "bert", type=PackageType.DATASET)

    async def test_an_admin_publishes_and_does_not_become_owner(self, records: Records) -> None:
        await publish(records, "alice", "bert", version="1.0.0")
        package = make_package(name="bert", version="2.0.0", created_by="root")
        await records.packages.add(package, make_change(package.id, user="root"))
        assert await owners(records, "bert") == (who("alice"),)

    async def test_others_neither_replace_nor_remove(self, records: Records) -> None:
        package = await publish(records, "alice", "bert")
        changed = replace(package, description="mine", revision=2)
        denied = make_change(package.id, user="mallory", overrides_owners=False)
        with pytest.raises(PermissionDenied):
            await records.packages.replace(changed, denied, expected_revision=1)
        with pytest.raises(PermissionDenied):
            await records.packages.remove(package.id, denied, expected_revision=1)
        assert await records.packages.get(package.id) == package
        own = make_change(package.id, user="alice", overrides_owners=False)
        await records.packages.replace(changed, own, expected_revision=1)

    async def test_only_owners_of_a_namespace_create_names_in_it(self, records: Records) -> None:
        await publish(records, "alice", "acme/one")
        with pytest.raises(PermissionDenied):
            await publish(records, "mallory", "acme/two")
        with pytest.raises(PermissionDenied):
            await publish(records, "mallory", "acme/two", type=PackageType.DATASET)
        await publish(records, "mallory", "acme")  # a name like any other
        await publish(records, "alice", "acme/two")

    async def test_owner_of_a_name_publishes_without_owning_the_namespace(self, records: Records) -> None:
        await publish(records, "alice", "acme/one", version="1.0.0")
        name = Name(PackageType.MODEL, "acme/one", (who("bob"),), revision=2)
        await records.names.replace(name, NameChange(who("alice")), expected_revision=1)
        await publish(records, "bob", "acme/one", version="2.0.0")
        with pytest.raises(PermissionDenied):
            await publish(records, "alice", "acme/one", version="3.0.0")
        with pytest.raises(PermissionDenied):
            await publish(records, "bob", "acme/two")

    @pytest.mark.parametrize(("first", "second"), LOOK_ALIKES)
    async def test_look_alikes_are_refused_to_others(self, records: Records, first: str, second: str) -> None:
        await publish(records, "alice", first)
        with pytest.raises(NameTooSimilar) as refused:
            await publish(records, "mallory", second)
        assert refused.value.similar_to == first
        assert await owners(records, second) is None
        await publish(records, "mallory", second, type=PackageType.CODE)
        await publish(records, "alice", second)
        assert await owners(records, second) == (who("alice"),)

    async def test_look_alike_namespaces_are_refused_to_others(self, records: Records) -> None:
        await publish(records, "alice", "ac-me/one")
        for name in ("AC_me/two", "Ac.me/three"):
            with pytest.raises(NameTooSimilar) as refused:
                await publish(records, "mallory", name)
            assert refused.value.similar_to == "ac-me"
        await publish(records, "alice", "ac_me/four")

    async def test_admins_may_publish_a_look_alike(self, records: Records) -> None:
        await publish(records, "alice", "bert")
        package = make_package(name="Bert", created_by="root")
        await records.packages.add(package, make_change(package.id, user="root"))
        assert await owners(records, "Bert") == (who("root"),)
        await publish(records, "alice", "bert", version="3.0.0")
        with pytest.raises(NameTooSimilar):
            await publish(records, "mallory", "BERT")
        with pytest.raises(NameTooSimilar):
            await publish(records, "alice", "BERT")

    async def test_different_names_are_nobody_elses(self, records: Records) -> None:
        await publish(records, "alice", "bert")
        for name in ("bert2", "berts", "my-bert", "be-rt", "acme/bert"):
            await publish(records, "bob", name)

    async def test_of_fifty_first_publishers_one_is_the_owner(self, records: Records, others: Records) -> None:
        async def attempt(number: int) -> str | None:
            user = f"user{number}"
            try:
                await publish((records, others)[number % 2], user, "acme/wanted", version=f"1.0.{number}")
            except (PermissionDenied, NameTooSimilar):
                return None
            return user

        winners = {user for user in await asyncio.gather(*map(attempt, range(50))) if user}
        assert len(winners) == 1
        assert await owners(records, "acme/wanted") == tuple(map(who, winners))
        space = await records.names.find_namespace("acme")
        assert space is not None
        assert space.owners == tuple(map(who, winners))

    async def test_of_look_alikes_published_at_once_one_is_there(self, records: Records, others: Records) -> None:
        async def attempt(number: int) -> int:
            name = "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate("bert"))
            try:
                await publish((records, others)[number % 2], f"user{number}", name)
            except NameTooSimilar:
                return 0
            return 1

        assert sum(await asyncio.gather(*map(attempt, range(16)))) == 1

    async def test_name_and_owners_outlive_the_last_version(self, records: Records) -> None:
        package = await publish(records, "alice", "acme/bert")
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        assert await owners(records, "acme/bert") == (who("alice"),)
        view = await records.names.find_view(PackageType.MODEL, "acme/bert")
        assert view is not None
        assert view.versions == ()
        with pytest.raises(PermissionDenied):
            await publish(records, "mallory", "acme/bert", version="9.0.0")
        assert "acme/bert" not in await records.packages.list_versions(["acme/bert"])

    async def test_deleted_version_comes_back_with_its_bytes_only(self, records: Records) -> None:
        package = await publish(records, "alice", "bert", version="1.0.0", content=BYTES)
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        for as_admin in (False, True):
            other = make_package(name="bert", version="1.0.0", content=OTHER_BYTES)
            with pytest.raises(VersionRetired):
                await records.packages.add(other, make_change(other.id, overrides_owners=as_admin))
        again = await publish(records, "alice", "bert", version="1.0.0", content=make_content(sha256=BYTES.sha256))
        assert await records.packages.find_version(again.type, "bert", again.version) == again.id
        # Published again, it keeps its bytes for good.
        changed = replace(again, content=OTHER_BYTES, revision=2)
        with pytest.raises(VersionRetired):
            await records.packages.replace(changed, make_change(again.id), expected_revision=1)
        await records.packages.remove(again.id, make_change(again.id), expected_revision=1)
        with pytest.raises(VersionRetired):
            await publish(records, "alice", "bert", version="1.0.0", content=OTHER_BYTES)

    async def test_version_that_a_package_leaves_keeps_its_bytes(self, records: Records) -> None:
        package = await publish(records, "alice", "bert", version="1.0.0", content=BYTES)
        moved = replace(package, version=replace(package.version, major=2), revision=2)
        await records.packages.replace(moved, make_change(package.id), expected_revision=1)
        with pytest.raises(VersionRetired):
            await publish(records, "alice", "bert", version="1.0.0", content=OTHER_BYTES)
        other = await publish(records, "alice", "bert", version="3.0.0", content=OTHER_BYTES)
        back = replace(other, version=package.version, revision=2)
        with pytest.raises(VersionRetired):
            await records.packages.replace(back, make_change(other.id), expected_revision=1)
        backend = replace(moved, version=package.version, revision=3)
        await records.packages.replace(backend, make_change(package.id), expected_revision=2)

    @pytest.mark.parametrize(
        "status", [PackageStatus.FAILED, PackageStatus.PENDING, PackageStatus.DRAFT, PackageStatus.QUARANTINED]
    )
    async def test_what_was_never_published_leaves_nothing(self, records: Records, status: PackageStatus) -> None:
        package = await publish(
            records,
            "alice",
            "bert",
            version="1.0.0",
            status=status,
            content=None if status is PackageStatus.PENDING else BYTES,
            unreleased=status is PackageStatus.QUARANTINED,  # quarantined while it was a draft
        )
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        await publish(records, "alice", "bert", version="1.0.0", content=OTHER_BYTES)

    async def test_ingest_into_a_deleted_version_brings_its_bytes_or_none(self, records: Records) -> None:
        package = await publish(records, "alice", "bert", version="1.0.0", content=BYTES)
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        pending = await publish(records, "alice", "bert", version="1.0.0", status=PackageStatus.PENDING, content=None)
        for content, fits in ((OTHER_BYTES, False), (BYTES, True)):
            settled = replace(pending, content=content, status=PackageStatus.ACTIVE, revision=2)
            if fits:
                await records.packages.replace(settled, make_change(pending.id), expected_revision=1)
            else:
                with pytest.raises(VersionRetired):
                    await records.packages.replace(settled, make_change(pending.id), expected_revision=1)

    async def test_a_quarantined_version_keeps_its_bytes(self, records: Records) -> None:
        package = await publish(
            records, "alice", "bert", version="1.0.0", status=PackageStatus.QUARANTINED, content=BYTES
        )
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        with pytest.raises(VersionRetired):
            await publish(records, "alice", "bert", version="1.0.0", content=OTHER_BYTES)

    async def test_of_many_names_those_that_a_principal_owns(self, records: Records) -> None:
        await publish(records, "alice", "bert")
        await publish(records, "bob", "bert", type=PackageType.CODE)
        for number in range(101):
            await publish(records, "alice" if number % 2 else "bob", f"many-{number}")
        asked = [
            (PackageType.MODEL, "bert"),
            (PackageType.CODE, "bert"),
            (PackageType.DATASET, "bert"),
            (PackageType.MODEL, "never"),
            *((PackageType.MODEL, f"many-{number}") for number in range(101)),
        ]
        owned = await records.names.list_owned(who("alice"), asked)
        expected = {asked[0], *((PackageType.MODEL, f"many-{number}") for number in range(1, 101, 2))}
        assert set(owned) == expected
        assert len(owned) == len(expected)
        assert not await records.names.list_owned(who("alice"), [])
        assert not await records.names.list_owned("alice", asked)

    async def test_answer_comes_before_a_refusal(self, records: Records) -> None:
        answer = make_idempotency_record()
        package = make_package(name="bert", created_by="alice")
        change = make_change(package.id, idempotency=answer, overrides_owners=False)
        await records.packages.add(package, change)
        second = make_package(name="bert", created_by="mallory")
        with pytest.raises(AlreadyAnswered):
            await records.packages.add(
                second, make_change(second.id, idempotency=answer, user="mallory", overrides_owners=False)
            )

    async def test_view_has_the_versions_newest_first(self, records: Records) -> None:
        first = await publish(records, "alice", "bert", version="2.0.0")
        second = await publish(records, "alice", "bert", version="1.0.0", status=PackageStatus.DEPRECATED)
        await publish(records, "alice", "bert", type=PackageType.CODE)
        today = date(2026, 11, 30)
        await records.downloads.count(
            {
                Downloaded(PackageType.MODEL, "bert", first.id, today): 1,
                Downloaded(PackageType.MODEL, "bert", second.id, today): 1,
                Downloaded(PackageType.MODEL, "never", make_id(), today): 1,
            }
        )
        await records.downloads.count({Downloaded(PackageType.MODEL, "bert", first.id, today): 1})
        view = await records.names.find_view(PackageType.MODEL, "bert")
        assert view is not None
        assert [(each.id, each.status, each.created_at) for each in view.versions] == [
            (package.id, package.status, package.created_at) for package in (second, first)
        ]
        assert {each.type for each in view.versions} == {PackageType.MODEL}
        assert view.downloads == 3
        assert await records.names.find_view(PackageType.DATASET, "bert") is None

    async def test_name_is_replaced_at_its_revision_by_its_owners(self, records: Records) -> None:
        package = await publish(records, "alice", "bert")
        name = await records.names.find(PackageType.MODEL, "bert")
        assert name is not None
        assert (name.visibility, name.readers, dict(name.aliases), name.revision) == (Visibility.PUBLIC, (), {}, 1)
        changed = replace(
            name,
            owners=(who("alice"), who("bob")),
            visibility=Visibility.PRIVATE,
            readers=(who("carol"),),
            revision=2,
            aliases={"prod": "1.2.3"},
        )
        with pytest.raises(PermissionDenied):
            await records.names.replace(changed, NameChange(who("mallory")), expected_revision=1)
        with pytest.raises(RevisionConflict):
            await records.names.replace(changed, NameChange(who("alice")), expected_revision=2)
        unknown = replace(changed, name="unknown")
        with pytest.raises(NotFound):
            await records.names.replace(unknown, NameChange(None), expected_revision=1)
        entry = make_audit_entry(package.id, id=make_id())
        change = NameChange(who("alice"), audit=(entry,), events=(make_event(package.id),))
        await records.names.replace(changed, change, expected_revision=1)
        assert await records.names.find(PackageType.MODEL, "bert") == changed
        assert entry in await records.audit.list_entries(package.id, limit=10, after=None)
        await records.names.replace(replace(changed, revision=3), NameChange(None), expected_revision=2)

    async def test_of_two_changes_of_one_revision_one_is_made(self, records: Records, others: Records) -> None:
        await publish(records, "alice", "bert")

        async def move(store: Records, version: str) -> str | None:
            name = Name(PackageType.MODEL, "bert", (who("alice"),), aliases={"prod": version}, revision=2)
            try:
                await store.names.replace(name, NameChange(who("alice")), expected_revision=1)
            except RevisionConflict:
                return None
            return version

        moved = await asyncio.gather(move(records, "1.0.0"), move(others, "2.0.0"))
        name = await records.names.find(PackageType.MODEL, "bert")
        assert name is not None
        assert [version for version in moved if version] == [name.aliases["prod"]]

    async def test_namespace_is_replaced_at_its_revision_by_its_owners(self, records: Records) -> None:
        assert await records.names.find_namespace("acme") is None
        await publish(records, "alice", "acme/bert")
        space = await records.names.find_namespace("acme")
        assert space is not None
        changed = replace(space, owners=(who("bob"),), revision=2)
        with pytest.raises(PermissionDenied):
            await records.names.replace_namespace(changed, expected_revision=1, user=who("mallory"))
        with pytest.raises(RevisionConflict):
            await records.names.replace_namespace(changed, expected_revision=2, user=who("alice"))
        with pytest.raises(NotFound):
            await records.names.replace_namespace(replace(changed, name="no"), expected_revision=1, user=None)
        await records.names.replace_namespace(changed, expected_revision=1, user=who("alice"))
        assert await records.names.find_namespace("acme") == changed
        await publish(records, "bob", "acme/two")

    async def test_conflicts_are_listed(self, records: Records) -> None:
        await publish(records, "alice", "bert")
        assert await records.names.list_conflicts() == []
        for name, user in (("Bert", "root"), ("bert", "bob")):
            package = make_package(name=name, version="2.0.0", created_by=user)
            await records.packages.add(package, make_change(package.id, user=user))
        conflicts = await records.names.list_conflicts()
        assert {frozenset(conflict.names) for conflict in conflicts} == {
            frozenset({"bert", "Bert"}),
            frozenset({"bert"}),
        }

    async def test_reset_forgets_names_and_retired_versions(self, records: Records) -> None:
        package = await publish(records, "alice", "acme/bert", content=BYTES)
        await records.packages.remove(package.id, make_change(package.id), expected_revision=1)
        await records.maintenance.reset(make_account())
        await publish(records, "bob", "acme/Bert", content=OTHER_BYTES)
        await publish(records, "bob", "acme/bert", content=OTHER_BYTES)
        assert await owners(records, "acme/bert") == (who("bob"),)

    async def test_a_public_name_is_found_after_many_private_ones(
        self, records: Records, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(namespaces, "_PAGE", 2)
        for name in (f"acme/{letter}{number}" for letter in "bc" for number in range(4)):
            for version in ("1.0.0", "1.1.0", "1.2.0"):
                await publish(records, "alice", name, version=version)
            found = await records.names.find(PackageType.MODEL, name)
            assert found is not None
            hidden = replace(found, visibility=Visibility.PRIVATE, revision=found.revision + 1)
            await records.names.replace(hidden, NameChange(user=None), expected_revision=found.revision)
        private = PrivateNames(records.names)
        spaces = namespaces.Namespaces(records.names, records.packages, AccountNames(records.accounts), private)
        bob = Caller("bob", frozenset({Permission.SEARCH}), None, "account-2")

        await publish(records, "carol", "acmf/public")
        with pytest.raises(NotFound):
            await spaces.read("acme", bob)
        await publish(records, "alice", "acme/c0", type=PackageType.DATASET)
        assert (await spaces.read("acme", bob)).owners == (who("alice"),)
