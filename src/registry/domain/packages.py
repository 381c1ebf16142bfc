"""Packages: one version of a named model, dataset or piece of code."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from registry.domain.events import Event
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.quotas import Quota
from registry.domain.uploads import Upload
from registry.domain.versions import Version

NAME_PATTERN = re.compile(r"(?!\*$)[!-~](?:[ -~]{0,198}[!-~])?")
MAX_README_BYTES = 256 * 1024


class PackageType(StrEnum):
    MODEL = "model"
    DATASET = "dataset"
    CODE = "code"


class PackageStatus(StrEnum):
    """Where a package stands. PENDING and FAILED are set by ingest, the others by people.

    A DRAFT is seen by the name's owners and admins only, until a release makes it active.
    """

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    QUARANTINED = "quarantined"
    FAILED = "failed"

    @property
    def is_published(self) -> bool:
        """Whether others could rely on the bytes: such a version keeps them for good."""
        return self not in (PackageStatus.DRAFT, PackageStatus.PENDING, PackageStatus.FAILED)

    @property
    def hidden(self) -> bool:
        """Whether the package exists for the name's owners and admins only."""
        return self in (PackageStatus.DRAFT, PackageStatus.QUARANTINED)

    @property
    def is_offered(self) -> bool:
        """Whether the package is there for everybody to use."""
        return self in (PackageStatus.ACTIVE, PackageStatus.DEPRECATED)

    @property
    def downloadable(self) -> bool:
        """Whether those who see the package get its content: owners try out a draft before they release it."""
        return self.is_offered or self is PackageStatus.DRAFT


@dataclass(frozen=True, slots=True)
class Dependency:
    """What a package depends on: by id, or by name and (None: any) version range, resolved when asked."""

    relation: str
    name: str
    version: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The stored bytes of a package. `blob_key` is internal: where the blob store keeps them."""

    blob_key: str
    size: int
    sha256: str
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its record holds it. `id` is a UUIDv7, so the order of ids is the order of creation."""

    id: str
    name: str
    version: Version
    type: PackageType
    status: PackageStatus
    created_by: str
    created_at: datetime
    updated_at: datetime
    revision: int = 1
    description: str = ""
    license: str | None = None
    tags: tuple[str, ...] = ()
    source_url: str | None = None
    dependencies: tuple[Dependency, ...] = ()
    content: Content | None = None
    readme: str | None = None
    status_reason: str | None = None
    unreleased: bool = False
    """Quarantined while it was a draft: without the quarantine it is a draft again."""

    @property
    def was_published(self) -> bool:
        """Whether its version belongs to its bytes for good."""
        return self.status.is_published and not self.unreleased


class AuditAction(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    DOWNLOAD = "download"
    RATE = "rate"
    STATUS = "status"
    RELEASE = "release"
    ALIAS = "alias"
    OWNERS = "owners"
    VISIBILITY = "visibility"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to a package, when. `sha256` is the content's after the action, None without content.

    `id` is a UUIDv7: entries of one package are listed by it, newest first. `user` is None for anonymous readers and
    for what the registry did by itself. `position` is its place in the log of all entries, None until it has one.
    """

    id: str
    package_id: str
    at: datetime
    user: str | None
    action: AuditAction
    revision: int
    sha256: str | None = None
    position: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What is recorded in the same atomic write as a change of a package.

    `upload` is the open upload that becomes the added package: it ends with this write. With a `quota`, a write by
    which its user would store more than that is refused by QuotaReached. `principal` must own the package's name, or
    becomes the owner of a new one (see `principal_of`). `overrides_owners`: an admin, or the registry itself, makes the
    change, whoever owns the name. `lifted_sha256` is the content for which an admin lifts the quarantine of the package
    by this change.
    """

    audit: AuditEntry
    idempotency: IdempotencyRecord | None = None
    upload: Upload | None = None
    events: tuple[Event, ...] = ()
    principal: str = ""
    overrides_owners: bool = False
    quota: Quota | None = None
    lifted_sha256: str | None = None
