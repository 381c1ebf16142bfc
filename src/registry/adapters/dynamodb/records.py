"""Packages as items, and back."""

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from registry.adapters.dynamodb import keys, listing_keys, name_keys
from registry.adapters.dynamodb.item_sizes import item_bytes
from registry.adapters.dynamodb.keys import Item, binary, number, text
from registry.adapters.dynamodb.listed_summaries import with_summary
from registry.domain.documents import decode_package, encode_readme, encode_summary, join_document
from registry.domain.listing import name_place, score_place
from registry.domain.names import NamedVersion
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import Version
from registry.ports.packages import PackageDocument, PackageSummary

RECORD_BYTES = 4_000
"""A record takes its README in up to this size. A read of 4,096 bytes costs one unit; the rest is for a score."""
_SCORED = ("name", "owner", "tag", "type", "score")
_PLACED = ("name", "owner", "tag", "type")
"""The dimensions whose entries are listed by score; by name those under a score are, too."""
_SUMMED_UP = (*_PLACED, "all", "score")
"""The dimensions whose entries may hold the summary."""


def attribute(item: Item, name: str, kind: str = "S") -> Any:
    """The value of an attribute of a type (`S`, `N`, `B`, `L`…), None when it is not there."""
    value = cast("dict[str, Any] | None", item.get(name))
    return None if value is None else value[kind]


def package_items(package: Package) -> tuple[Item, Item | None]:
    """The record, and the README where it has an item of its own: None without README, or where the record holds it."""
    record = record_item(package)
    body = encode_readme(package)
    if body is None:
        return record, None
    packed = zlib.compress(body)
    inside: Item = {**record, "readme": binary(packed)}
    if item_bytes(inside) <= RECORD_BYTES:
        return inside, None
    record["readme_revision"] = number(package.revision)
    readme: Item = {
        **keys.readme_key(package.id),
        "revision": number(package.revision),
        "compressed": {"BOOL": True},
        "body": binary(packed),
    }
    return record, readme


def with_readme_of(record: Item, before: Item) -> Item:
    """A new record of a package whose README stays as it is, wherever the record `before` has it."""
    return {**record, **{name: before[name] for name in ("readme", "readme_revision") if name in before}}


def record_item(package: Package) -> Item:
    """The record without its README."""
    item: Item = {
        **keys.record_key(package.id),
        "id": text(package.id),
        "status_shard": text(f"{package.status.value}#{keys.shard_of(package.id)}"),
        "status": text(package.status.value),
        "type": text(package.type.value),
        "name": text(package.name),
        "version": text(str(package.version)),
        "owner": text(package.created_by),
        "tags": {"L": [text(tag) for tag in package.tags]},
        "revision": number(package.revision),
        "readme_revision": number(0),
        "summary": binary(encode_summary(package)),
    }
    if package.content is not None:
        item["blob_key"] = text(package.content.blob_key)
        item["sha256"] = text(package.content.sha256)
        item["size"] = number(package.content.size)
    return item


def version_item(package: Package) -> Item:
    return {
        **name_keys.version_key(package.type, package.name, package.version),
        "id": text(package.id),
        "type": text(package.type.value),
        "version": text(str(package.version)),
        "status": text(package.status.value),
        "created_at": text(package.created_at.isoformat()),
        **({"sha256": text(package.content.sha256)} if package.content else {}),
    }


def blob_item(package: Package) -> Item | None:
    if package.content is None:
        return None
    return {**keys.blob_key(package.content.blob_key), "id": text(package.id)}


def read_score(item: Item) -> int | None:
    """The score of a record or an entry, in millionths."""
    score = attribute(item, "score", "N")
    return None if score is None else int(score)


def entries(package: Package, score: int | None) -> dict[tuple[str, str], Item]:
    """The listing entries, by their key, of a package with a score (in millionths)."""
    return {(attribute(item, "pk"), attribute(item, "sk")): item for item in _entry_items(package, score)}


def _entry_items(package: Package, score: int | None) -> Iterable[Item]:
    for dimension, value in listing_keys.dimensions(package, score):
        item: Item = {
            **keys.key(listing_keys.listing(package.status, dimension, value), package.id),
            "type": text(package.type.value),
            "owner": text(package.created_by),
            "version": text(str(package.version)),
        }
        if dimension != "name":
            item["name"] = text(package.name)
        if dimension in ("name", "owner"):
            item["tags"] = {"L": [text(tag) for tag in package.tags]}
        if score is not None and dimension in _SCORED:
            item["score"] = number(score)
        if dimension in _PLACED or dimension == "score":
            item["name_place"] = text(name_place(package.name, package.id))
        if dimension in _PLACED:
            item["score_place"] = text(score_place(score, package.id))
        yield with_summary(item, package) if dimension in _SUMMED_UP else item


def has_readme_item(record: Item) -> bool:
    """Whether the README is in an item of its own."""
    return bool(attribute(record, "readme_revision", "N") != "0")


def fits(record: Item, readme: Item | None) -> bool:
    """Whether a record with a README item, and that item, come from one write: both are read one after the other."""
    return readme is not None and bool(attribute(record, "readme_revision", "N") == attribute(readme, "revision", "N"))


def readme_body(record: Item, readme: Item | None) -> bytes | None:
    """The README as a JSON string, from the record or from its own item; None where there is neither."""
    if readme is None:
        packed: bytes | None = attribute(record, "readme", "B")
        return None if packed is None else zlib.decompress(packed)
    body: bytes = attribute(readme, "body", "B")
    return zlib.decompress(body) if attribute(readme, "compressed", "BOOL") else body


def read_package(record: Item, readme: Item | None) -> Package:
    return decode_package(
        attribute(record, "summary", "B"), readme_body(record, readme), blob_key=attribute(record, "blob_key")
    )


def read_document(record: Item, readme: Item | None) -> PackageDocument:
    return PackageDocument(
        body=join_document(attribute(record, "summary", "B"), readme_body(record, readme)),
        revision=int(attribute(record, "revision", "N")),
        status=PackageStatus(attribute(record, "status")),
        created_by=attribute(record, "owner"),
        name=attribute(record, "name"),
    )


def read_summary(record: Item) -> PackageSummary:
    return PackageSummary(
        id=attribute(record, "id"),
        body=attribute(record, "summary", "B"),
        revision=int(attribute(record, "revision", "N")),
    )


def read_named_version(item: Item) -> NamedVersion:
    created_at = attribute(item, "created_at")
    return NamedVersion(
        id=attribute(item, "id"),
        version=Version.parse(attribute(item, "version")),
        status=PackageStatus(attribute(item, "status")),
        type=PackageType(attribute(item, "type")),
        created_at=datetime.fromisoformat(created_at) if created_at else _time_of(attribute(item, "id")),
    )


def _time_of(package_id: str) -> datetime:
    """When a UUIDv7 was made: versions that were written by an earlier edition say it nowhere else."""
    return datetime.fromtimestamp(int(package_id.replace("-", "")[:12], 16) / 1000, UTC)
