"""Packages and changes for the tests."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from registry.domain.packages import (
    AuditAction,
    AuditEntry,
    Change,
    Content,
    KeptAnswer,
    Package,
    PackageStatus,
    PackageType,
)
from registry.domain.versions import Version

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
_numbers = count(1)


def new_id() -> str:
    """An id in the form of a UUIDv7: later ones sort behind."""
    number = next(_numbers)
    return f"0193{number:08x}-7000-8000-{uuid.uuid4().hex[:12]}"


def package(name: str = "bert", version: str = "1.0.0", **members: Any) -> Package:
    defaults: dict[str, Any] = {
        "id": new_id(),
        "name": name,
        "version": Version.parse(version),
        "type": PackageType.MODEL,
        "status": PackageStatus.ACTIVE,
        "created_by": "alice",
        "created_at": AT,
        "updated_at": AT,
    }
    return Package(**(defaults | members))


def content(key: str = "blob-1") -> Content:
    return Content(blob_key=key, size=7, sha256="ab" * 32, media_type="application/zip", filename="bert.zip")


def change(of: Package, answer: KeptAnswer | None = None, action: AuditAction = AuditAction.CREATE) -> Change:
    entry = AuditEntry(id=new_id(), package_id=of.id, at=AT, user="alice", action=action, revision=of.revision)
    return Change(entry, answer)


def next_revision(of: Package, **members: Any) -> Package:
    return replace(of, revision=of.revision + 1, **members)


def answer(key: str, expires_at: datetime, *, body: bytes = b"{}") -> KeptAnswer:
    return KeptAnswer(
        key=key, fingerprint="f" * 64, status=201, headers=(("location", "/x"),), body=body, expires_at=expires_at
    )
