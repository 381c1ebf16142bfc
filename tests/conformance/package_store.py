"""What every PackageStore does, but for listings and concurrency."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.domain.documents import encode_readme, encode_summary, join_document
from registry.domain.errors import AlreadyAnswered, NotFound, PackageExists, RevisionConflict
from registry.domain.packages import Dependency, Package, PackageStatus, PackageType
from registry.domain.versions import Version
from tests.conformance.records import RecordBackend, Records
from tests.factories import START, ids, make_change, make_content, make_id, make_idempotency_record, make_package

ODD_PACKAGES = {
    "slash and percent": {"name": "google-bert/100%_sure"},
    "quotes": {"name": 'it\'s "quoted"; DROP TABLE packages --', "tags": ("it's", '"', "%", "_")},
    "unicode": {"description": "naïve 模型 🤖 \u2028 \x00 end", "readme": "# Überschrift 🤖\n\u0000\\"},
    "no text": {"description": "", "readme": "", "tags": ()},
    "longest name": {"name": "n" * 200},
    "build and prerelease": {"version": "1.0.0-alpha.1+build.7"},
    "huge numbers": {"version": "99999999999999999999.0.18446744073709551616"},
    "long readme": {"readme": "é" * (128 * 1024)},
    "same tag twice": {"tags": ("nlp", "nlp")},
    "everything": {
        "license": "Apache-2.0 OR MIT",
        "source_url": "https://example.org/a?b=c&d=%20",
        "dependencies": (Dependency("base_model", "a/b", "^1.0.0"), Dependency("dataset", "c", None, "some-id")),
        "content": make_content(filename='a "b".zip', size=5 * 2**40),
        "status": PackageStatus.FAILED,
        "status_reason": "no such host",
        "revision": 7,
    },
}


async def add(records: Records, **overrides: object) -> Package:
    """Add a package made with these overrides."""
    package = make_package(**overrides)
    await records.packages.add(package, make_change(package.id))
    return package


class PackageStoreContract:
    """Subclass in a module with the fixture `backend`."""

    @pytest.mark.parametrize("overrides", ODD_PACKAGES.values(), ids=ODD_PACKAGES.keys())
    async def test_gives_back_what_was_added(self, records: Records, overrides: dict[str, object]) -> None:
        package = await add(records, **overrides)

        assert await records.packages.get(package.id) == package
        assert await records.packages.get_many([package.id]) == [package]
        assert package.version in [
            named.version for named in (await records.packages.list_versions([package.name]))[package.name]
        ]

    @pytest.mark.parametrize("overrides", ODD_PACKAGES.values(), ids=ODD_PACKAGES.keys())
    async def test_document_is_the_public_json(self, records: Records, overrides: dict[str, object]) -> None:
        package = await add(records, **overrides)

        document = await records.packages.find_document(package.id)

        assert document is not None
        assert document.body == join_document(encode_summary(package), encode_readme(package))
        assert (document.revision, document.status) == (package.revision, package.status)
        assert document.created_by == package.created_by

    async def test_absent_package(self, records: Records) -> None:
        package_id = make_id()

        assert await records.packages.find_document(package_id) is None
        with pytest.raises(NotFound):
            await records.packages.get(package_id)
        with pytest.raises(NotFound):
            await records.packages.replace(make_package(id=package_id), make_change(package_id), expected_revision=1)
        with pytest.raises(NotFound):
            await records.packages.remove(package_id, make_change(package_id), expected_revision=1)
        assert await records.audit.list_entries(package_id, limit=10, after=None) == []

    async def test_triple_is_unique(self, records: Records) -> None:
        first = await add(records, name="bert", version="1.0.0+a")
        answer = make_idempotency_record()
        second = make_package(name="bert", version="1.0.0+a")

        with pytest.raises(PackageExists) as caught:
            await records.packages.add(second, make_change(second.id, idempotency=answer))

        assert caught.value.existing_id == first.id
        assert await records.packages.find_document(second.id) is None
        assert await records.idempotency.find(answer.key) is None
        assert await records.audit.list_entries(second.id, limit=10, after=None) == []

    async def test_type_case_and_build_make_a_difference(self, records: Records) -> None:
        added = [
            await add(records, name="bert", version="1.0.0"),
            await add(records, name="bert", version="1.0.0", type=PackageType.CODE),
            await add(records, name="Bert", version="1.0.0"),
            await add(records, name="bert", version="1.0.0+build"),
            await add(records, name="bert", version="1.0.0-build"),
        ]

        assert await records.packages.get_many(ids(added)) == added

    async def test_get_many_keeps_the_order_and_leaves_out_the_absent(self, records: Records) -> None:
        added = [await add(records) for _ in range(5)]
        wanted = [added[3].id, make_id(), added[0].id, added[4].id, added[0].id]

        assert await records.packages.get_many(wanted) == [added[3], added[0], added[4]]
        assert await records.packages.get_many([]) == []

    async def test_get_many_of_hundreds(self, records: Records) -> None:
        added = [await add(records) for _ in range(120)]

        assert await records.packages.get_many(ids(added)[::-1]) == added[::-1]

    async def test_replace(self, records: Records) -> None:
        package = await add(records, tags=("old",), readme="old", content=make_content())
        answer = make_idempotency_record()
        changed = replace(
            package, revision=2, description="new", tags=("new",), readme=None, content=make_content(),
            status=PackageStatus.DEPRECATED, version=Version(2, 0, 0), updated_at=START + timedelta(hours=1),
        )  # fmt: skip

        await records.packages.replace(changed, make_change(package.id, idempotency=answer), expected_revision=1)

        assert await records.packages.get(package.id) == changed
        assert await records.idempotency.find(answer.key) == answer
        document = await records.packages.find_document(package.id)
        assert document is not None
        assert (document.revision, document.status) == (2, PackageStatus.DEPRECATED)
        assert [named.version for named in (await records.packages.list_versions([package.name]))[package.name]] == [
            Version(2, 0, 0)
        ]

    async def test_stale_revision_changes_nothing(self, records: Records) -> None:
        package = await add(records, revision=3)
        answer = make_idempotency_record()
        change = make_change(package.id, idempotency=answer)

        for stale in (2, 4):
            with pytest.raises(RevisionConflict):
                await records.packages.replace(replace(package, revision=9), change, expected_revision=stale)
            with pytest.raises(RevisionConflict):
                await records.packages.remove(package.id, change, expected_revision=stale)

        assert await records.packages.get(package.id) == package
        assert await records.idempotency.find(answer.key) is None
        assert len(await records.audit.list_entries(package.id, limit=10, after=None)) == 1

    async def test_replace_to_a_taken_version(self, records: Records) -> None:
        first = await add(records, name="bert", version="1.0.0")
        second = await add(records, name="bert", version="2.0.0")
        changed = replace(second, version=first.version, revision=2)

        with pytest.raises(PackageExists) as caught:
            await records.packages.replace(changed, make_change(second.id), expected_revision=1)

        assert caught.value.existing_id == first.id
        assert await records.packages.get(second.id) == second

    async def test_version_left_by_replace_or_remove_is_free(self, records: Records) -> None:
        first = await add(records, name="bert", version="1.0.0")
        moved = replace(first, version=Version(2, 0, 0), revision=2)
        await records.packages.replace(moved, make_change(first.id), expected_revision=1)
        second = await add(records, name="bert", version="1.0.0")
        await records.packages.remove(first.id, make_change(first.id), expected_revision=2)
        third = await add(records, name="bert", version="2.0.0")

        assert await records.packages.get_many([first.id, second.id, third.id]) == [second, third]

    async def test_remove(self, records: Records) -> None:
        package = await add(records, name="bert")
        answer = make_idempotency_record()

        await records.packages.remove(package.id, make_change(package.id, idempotency=answer), expected_revision=1)

        assert await records.packages.find_document(package.id) is None
        assert await records.packages.get_many([package.id]) == []
        assert await records.packages.list_versions(["bert"]) == {}
        assert await records.idempotency.find(answer.key) == answer
        assert len(await records.audit.list_entries(package.id, limit=10, after=None)) == 2

    async def test_answer_kept_is_told_before_anything_else(self, records: Records) -> None:
        answer = make_idempotency_record()
        package = make_package()
        await records.packages.add(package, make_change(package.id, idempotency=answer))
        again = make_change(package.id, idempotency=replace(answer, response=b"another"))

        with pytest.raises(AlreadyAnswered):
            await records.packages.add(package, again)
        with pytest.raises(AlreadyAnswered):
            await records.packages.replace(replace(package, revision=2), again, expected_revision=7)
        with pytest.raises(AlreadyAnswered):
            await records.packages.remove(package.id, again, expected_revision=1)

        assert await records.packages.get(package.id) == package
        assert await records.idempotency.find(answer.key) == answer
        assert len(await records.audit.list_entries(package.id, limit=10, after=None)) == 1

    async def test_expired_answer_is_no_hindrance(self, records: Records, backend: RecordBackend) -> None:
        answer = make_idempotency_record(expires_at=backend.clock.now() + timedelta(minutes=1))
        first, second = make_package(), make_package()
        await records.packages.add(first, make_change(first.id, idempotency=answer))
        backend.clock.advance(timedelta(minutes=2))
        renewed = replace(answer, response=b"second", expires_at=backend.clock.now() + timedelta(minutes=1))

        await records.packages.add(second, make_change(second.id, idempotency=renewed))

        assert await records.idempotency.find(answer.key) == renewed

    async def test_find_version(self, records: Records) -> None:
        model = await add(records, name="a/b", version="1.0.0+b", type=PackageType.MODEL)
        code = await add(
            records, name="a/b", version="1.0.0+b", type=PackageType.CODE, status=PackageStatus.QUARANTINED
        )
        find, version = records.packages.find_version, Version.parse("1.0.0+b")

        assert await find(PackageType.MODEL, "a/b", version) == model.id
        assert await find(PackageType.CODE, "a/b", version) == code.id
        assert await find(PackageType.DATASET, "a/b", version) is None
        assert await find(PackageType.MODEL, "a/B", version) is None
        assert await find(PackageType.MODEL, "a/b", Version.parse("1.0.0")) is None
        renamed = replace(model, version=Version.parse("2.0.0"), revision=2)
        await records.packages.replace(renamed, make_change(model.id), expected_revision=1)
        assert await find(PackageType.MODEL, "a/b", version) is None
        assert await find(PackageType.MODEL, "a/b", renamed.version) == model.id
        await records.packages.remove(code.id, make_change(code.id), expected_revision=1)
        assert await find(PackageType.CODE, "a/b", version) is None

    async def test_list_versions(self, records: Records) -> None:
        texts = ["1.0.0-rc.1", "10.0.0", "1.0.0", "9.9.9", "1.0.0-alpha", "2.0.0+b"]
        by_version = {text: await add(records, name="a/b", version=text) for text in texts}
        code = await add(records, name="a/b", version="11.0.0", type=PackageType.CODE, status=PackageStatus.QUARANTINED)
        other = await add(records, name="a/B")

        found = await records.packages.list_versions(["a/b", "nobody", "a/B", "a/b"])

        assert set(found) == {"a/b", "a/B"}
        newest_first = ["10.0.0", "9.9.9", "2.0.0+b", "1.0.0", "1.0.0-rc.1", "1.0.0-alpha"]
        assert ids(found["a/b"]) == [code.id, *(by_version[text].id for text in newest_first)]
        assert [str(named.version) for named in found["a/b"]] == ["11.0.0", *newest_first]
        assert found["a/b"][0].status == PackageStatus.QUARANTINED
        assert ids(found["a/B"]) == [other.id]

    async def test_changes_are_seen_by_all_and_last(
        self, records: Records, others: Records, backend: RecordBackend
    ) -> None:
        package = await add(records)
        assert await others.packages.get(package.id) == package
        changed = replace(package, revision=2, description="new")
        await others.packages.replace(changed, make_change(package.id), expected_revision=1)
        assert await records.packages.get(package.id) == changed

        async with backend.open() as reopened:
            assert await reopened.packages.get(package.id) == changed
