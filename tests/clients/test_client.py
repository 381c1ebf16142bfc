"""The client against a registry that works."""

import hashlib
from pathlib import Path

import pytest

from registry.client import (
    AmbiguousReference,
    Conflict,
    Dependency,
    InvalidRequest,
    NewPackage,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Package,
    PreconditionFailed,
    RegistryClient,
)
from tests.clients.fake_registry import ADMIN, ADMIN_PASSWORD

BYTES = bytes(range(256)) * 12_345  # three chunks and a bit


def write_file(folder: Path, name: str = "model.zip", data: bytes = BYTES) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def publish(client: RegistryClient, folder: Path, name: str, version: str, kind: str = "model") -> Package:
    return await client.publish(write_file(folder), NewPackage(name, version, kind))


async def test_published_bytes_come_back_the_same(client: RegistryClient, tmp_path: Path) -> None:
    new = NewPackage(
        "google-bert/tiny",
        "1.2.3",
        "model",
        description="Ein kleines Modell – für Tests",
        license="Apache-2.0",
        tags=("nlp", "tiny"),
        dependencies=(Dependency("base_model", "google-bert/bert-base-uncased", "^1.0.0"),),
        readme="# Tiny",
    )
    published = await client.publish(write_file(tmp_path, 'a "quoted" näme.zip'), new)

    package = await client.get(published.id)
    assert (package.name, package.version, package.type, package.status) == (
        "google-bert/tiny",
        "1.2.3",
        "model",
        "active",
    )
    assert (package.description, package.license, package.tags) == (new.description, new.license, new.tags)
    assert package.dependencies == new.dependencies
    assert package.readme == "# Tiny"
    assert package.etag == published.etag is not None
    assert package.created_by == ADMIN
    assert package.content is not None
    assert package.content.sha256 == hashlib.sha256(BYTES).hexdigest()
    assert package.content.size == len(BYTES)

    copy = tmp_path / "copy"
    await client.download(package, copy)
    assert copy.read_bytes() == BYTES
    assert names_in(tmp_path) == ['a "quoted" näme.zip', "copy"]


async def test_an_empty_file_makes_the_round_trip(client: RegistryClient, tmp_path: Path) -> None:
    package = await client.publish(write_file(tmp_path, data=b""), NewPackage("empty", "1.0.0", "dataset"))
    await client.download(package, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b""


async def test_progress_is_told_in_bytes(client: RegistryClient, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    def progress(phase: str, *, done: int, total: int) -> None:
        told.append((phase, done, total))

    package = await client.publish(write_file(tmp_path), NewPackage("tiny", "1.0.0", "model"), progress=progress)
    await client.download(package, tmp_path / "copy", progress=progress)

    for phase in ("hash", "upload", "download"):
        steps = [done for name, done, total in told if name == phase and total == len(BYTES)]
        assert steps == sorted(steps)
        assert steps[-1] == len(BYTES)


async def test_listing_walks_every_page_and_filters(client: RegistryClient, tmp_path: Path) -> None:
    for number in range(7):
        await publish(client, tmp_path, f"thing-{number}", "1.0.0", "code" if number % 2 else "model")

    async def names(**wanted: str | bool | int) -> list[str]:
        return [package.name async for package in client.packages(page_size=3, **wanted)]  # type: ignore[arg-type]

    assert await names() == [f"thing-{number}" for number in reversed(range(7))]
    assert await names(order="created", type="code") == ["thing-1", "thing-3", "thing-5"]
    assert await names(order="name") == [f"thing-{number}" for number in range(7)]
    assert await names(name="thing-2", version="^1.0.0") == ["thing-2"]
    assert await names(version="~2.0.0") == []
    with pytest.raises(InvalidRequest, match="version: not a version range") as caught:
        await names(version="newest")
    assert caught.value.problem.errors[0].pointer == "/version"


async def test_a_reference_is_an_id_a_name_or_a_name_with_a_version(client: RegistryClient, tmp_path: Path) -> None:
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"):
        await publish(client, tmp_path, "scope/@tiny", version)
    old = await client.resolve("scope/@tiny@1.0.0")

    assert old.version == "1.0.0"
    assert (await client.resolve(old.id)).version == "1.0.0"
    assert (await client.resolve("scope/@tiny")).version == "1.10.0"
    assert (await client.resolve("scope/@tiny@^1.0.0")).version == "1.10.0"
    await client.update(old.id, {"status": "deprecated"})
    assert (await client.resolve("scope/@tiny@1.0.0")).status == "deprecated"
    for absent in ("nothing", "scope/@tiny@3.0.0", "@", "0193a000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            await client.resolve(absent)


async def test_a_name_of_two_types_asks_for_the_type(client: RegistryClient, tmp_path: Path) -> None:
    for kind in ("model", "dataset"):
        await publish(client, tmp_path, "squad", "1.0.0", kind)
    with pytest.raises(AmbiguousReference, match="squad is a dataset and a model"):
        await client.resolve("squad")
    assert (await client.resolve("squad", type="dataset")).type == "dataset"


async def test_a_taken_version_is_a_conflict_that_names_the_other(client: RegistryClient, tmp_path: Path) -> None:
    first = await publish(client, tmp_path, "tiny", "1.0.0")
    with pytest.raises(Conflict, match=first.id) as caught:
        await publish(client, tmp_path, "tiny", "1.0.0")
    assert (caught.value.status, caught.value.slug) == (409, "package-exists")
    assert caught.value.request_id


async def test_changes_hold_only_for_the_revision_that_was_read(client: RegistryClient, tmp_path: Path) -> None:
    package = await publish(client, tmp_path, "tiny", "1.0.0")
    changed = await client.update(package.id, {"description": "better"}, etag=package.etag)
    assert (changed.revision, changed.description) == (2, "better")
    with pytest.raises(PreconditionFailed):
        await client.update(package.id, {"description": "worse"}, etag=package.etag)
    with pytest.raises(PreconditionFailed):
        await client.delete(package.id, etag=package.etag)

    other = write_file(tmp_path, "other.bin", b"other bytes")
    replaced = await client.replace(package.id, NewPackage("tiny", "1.0.0", "model"), path=other, etag=changed.etag)
    await client.download(replaced, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"other bytes"
    again = await client.replace(package.id, NewPackage("tiny", "1.0.0", "model", description="plain"))
    assert (again.revision, again.description) == (4, "plain")

    await client.delete(package.id, etag=again.etag)
    with pytest.raises(NotFound):
        await client.get(package.id)


async def test_an_id_cannot_lead_to_another_route(client: RegistryClient) -> None:
    for odd in ("../users", "a/b", "", "%2e%2e"):
        with pytest.raises(NotFound):
            await client.delete(odd)


async def test_an_ingest_is_pending_and_has_nothing_to_download(client: RegistryClient, tmp_path: Path) -> None:
    new = NewPackage("far", "1.0.0", "model", source_url="https://example.org/model.bin")
    package = await client.ingest(new)
    assert (package.status, package.content) == ("pending", None)
    with pytest.raises(Conflict, match="it is pending"):
        await client.download(package, tmp_path / "copy")
    assert (await client.resolve("far@1.0.0")).status == "pending"


async def test_audit_lineage_and_cost(client: RegistryClient, tmp_path: Path) -> None:
    new = NewPackage("tiny", "1.0.0", "model", dependencies=(Dependency("base_model", "bert"),))
    package = await client.publish(write_file(tmp_path), new)
    await client.update(package.id, {"status": "deprecated"})

    entries = [entry async for entry in client.audit(package.id, page_size=1)]
    assert [(entry.user, entry.action, entry.revision) for entry in entries] == [
        (ADMIN, "status", 2),
        (ADMIN, "create", 1),
    ]
    assert package.content is not None
    assert entries[0].sha256 == package.content.sha256

    lineage = await client.lineage(package.id)
    names = {node.id: (node.name, node.registered) for node in lineage.nodes}
    (edge,) = lineage.edges
    assert (names[edge.source], names[edge.target], edge.relation) == (("tiny", True), ("bert", False), "base_model")

    cost = await client.cost(package.id, dependency=True)
    assert (cost.standalone_bytes, cost.total_bytes) == (len(BYTES), len(BYTES))
    assert [item.name for item in cost.items] == ["tiny"]


async def test_users_come_and_go(client: RegistryClient, registry_url: str) -> None:
    added = await client.users.add("bob@example.org", "a rather long one", permissions=["search"])
    assert added.permissions == ("search",)
    assert [user.name async for user in client.users.list_all(page_size=1)] == [ADMIN, "bob@example.org"]
    with pytest.raises(Conflict):
        await client.users.add("bob@example.org", "a rather long one", permissions=[])
    with pytest.raises(InvalidRequest, match="password: "):
        await client.users.add("carol", "short", permissions=[])

    async with RegistryClient(registry_url) as bob:
        await bob.login("bob@example.org", "a rather long one")
        with pytest.raises(NotAllowed):
            await bob.users.add("eve", "a rather long one", permissions=["admin"])
        await client.users.set_permissions("bob@example.org", ["search", "admin"])
        assert [user.name async for user in bob.users.list_all()] == [ADMIN, "bob@example.org"]
        with pytest.raises(NotAllowed):
            await bob.users.set_password("bob@example.org", "an even longer one", current_password="wrong")
        await bob.users.set_password("bob@example.org", "an even longer one", current_password="a rather long one")
        with pytest.raises(NotSignedIn):
            await bob.get("0193a000-0000-7000-8000-000000000000")

    await client.users.delete("bob@example.org")
    with pytest.raises(NotFound):
        await client.users.delete("bob@example.org")


async def test_signing_in_and_out(registry_url: str) -> None:
    async with RegistryClient(registry_url + "/") as client:
        with pytest.raises(NotSignedIn):
            await client.login(ADMIN, "wrong password")
        token = await client.login(ADMIN, ADMIN_PASSWORD)
        assert token.expires_in_seconds > 0
        assert token.access_token not in repr(token)
        assert [package async for package in client.packages()] == []
        await client.logout()
        with pytest.raises(NotSignedIn):
            [package async for package in client.packages()]
    async with RegistryClient(registry_url, token.access_token) as client:
        with pytest.raises(NotSignedIn):
            [package async for package in client.packages()]


async def test_health_needs_no_token(registry_url: str) -> None:
    async with RegistryClient(registry_url) as client:
        assert (await client.health())["status"] == "ok"
        readiness = await client.ready()
        assert readiness.ready


@pytest.mark.parametrize("address", ["registry.example.org", "ftp://registry.example.org", "http://", ""])
def test_an_address_must_be_http(address: str) -> None:
    with pytest.raises(ValueError, match="write one like"):
        RegistryClient(address)
