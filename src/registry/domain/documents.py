"""The public JSON of a package, made once when it is written and served as it is.

A record keeps two pieces of UTF-8 text: the summary (all members but `readme`) and the README as a JSON string.
Listings join summaries; a read by id splices the README in.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from registry.domain.media_types import or_unknown
from registry.domain.packages import Content, Dependency, Package, PackageStatus, PackageType
from registry.domain.redaction import public_url
from registry.domain.versions import Version

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _dumps(value: object) -> bytes:
    return _encode(value).encode()


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-23T15:43:00.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The inverse of `format_time`."""
    return datetime.fromisoformat(text)


def summary_members(package: Package) -> dict[str, Any]:
    """The public members of a package without its README, as plain JSON values."""
    content = package.content
    members: dict[str, Any] = {
        "id": package.id,
        "name": package.name,
        "version": str(package.version),
        "type": package.type.value,
        "status": package.status.value,
        "description": package.description,
        "license": package.license,
        "tags": list(package.tags),
        "source_url": public_url(package.source_url) if package.source_url else None,
        "dependencies": [
            {
                "relation": dependency.relation,
                "name": dependency.name,
                "version": dependency.version,
                "id": dependency.id,
            }
            for dependency in package.dependencies
        ],
        "content": None
        if content is None
        else {
            "size": content.size,
            "sha256": content.sha256,
            "media_type": content.media_type,
            "filename": content.filename,
            "url": f"/package/{package.id}/content",
        },
        "revision": package.revision,
        "created_by": package.created_by,
        "created_at": format_time(package.created_at),
        "updated_at": format_time(package.updated_at),
    }
    if package.status_reason is not None:
        members["status_reason"] = package.status_reason
    if package.unreleased:
        members["unreleased"] = True
    return members


@lru_cache(maxsize=32)
def encode_summary(package: Package) -> bytes:
    """The summary as JSON text; a JSON object that never is empty.

    A change needs it twice, for the record and for the answer.
    """
    return _dumps(summary_members(package))


def encode_readme(package: Package) -> bytes | None:
    """The README as a JSON string, None where there is none."""
    return None if package.readme is None else _dumps(package.readme)


def join_document(summary: bytes, readme: bytes | None) -> bytes:
    """The answer to a read by id: the summary with the member `readme`."""
    return summary[:-1] + b',"readme":' + (readme or b"null") + b"}"


def decode_package(summary: bytes, readme: bytes | None, *, blob_key: str | None) -> Package:
    """The package that a record's pieces describe. `blob_key` is None exactly where there is no content."""
    members = json.loads(summary)
    content = members["content"]
    return Package(
        id=members["id"],
        name=members["name"],
        version=Version.parse(members["version"]),
        type=PackageType(members["type"]),
        status=PackageStatus(members["status"]),
        created_by=members["created_by"],
        created_at=parse_time(members["created_at"]),
        updated_at=parse_time(members["updated_at"]),
        revision=members["revision"],
        description=members["description"],
        license=members["license"],
        tags=tuple(members["tags"]),
        source_url=members["source_url"],
        dependencies=tuple(Dependency(**dependency) for dependency in members["dependencies"]),
        content=Content(
            blob_key=blob_key or "",
            size=content["size"],
            sha256=content["sha256"],
            media_type=or_unknown(content["media_type"]),
            filename=content["filename"],
        )
        if content
        else None,
        readme=None if readme is None else json.loads(readme),
        status_reason=members.get("status_reason"),
        unreleased=members.get("unreleased", False),
    )
