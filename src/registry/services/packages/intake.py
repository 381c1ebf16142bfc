"""Taking in what a client sends: bytes to the blob store, facts out of archives, metadata into a package."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from registry.domain.accounts import Caller
from registry.domain.errors import DigestMismatch, InvalidInput, IsDraft, PermissionDenied, RegistryError, Unavailable
from registry.domain.packages import (
    Content,
    Dependency,
    Package,
    PackageStatus,
    PackageType,
)
from registry.domain.quotas import Quota
from registry.domain.versions import Version
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.kinds import SNIFF_BYTES, looks_like_archive
from registry.formats.license_names import recorded_license
from registry.formats.license_trees import strictness
from registry.ports.blobs import BlobStore, StoredBlob
from registry.ports.fetching import SourceFacts
from registry.services.packages.archive_reading import ArchiveReader
from registry.services.packages.content_names import KINDS, checked_media_type, safe_filename
from registry.services.uploads.quotas import Allowance, Quotas

_log = structlog.get_logger(__name__)
_Result = TypeVar("_Result")
Forget = Callable[[Content], Awaitable[None]]
"""Hears of stored contents that are gone."""
_MAX_DESCRIPTION_CHARACTERS = 10_000
_MAX_TAGS = 50
_MAX_TAG_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client says about a package, validated. None: the client did not say."""

    name: str
    version: Version
    type: PackageType
    description: str = ""
    license: str | None = None
    tags: tuple[str, ...] = ()
    source_url: str | None = None
    dependencies: tuple[Dependency, ...] | None = None
    readme: str | None = None
    status: PackageStatus | None = None


@dataclass(frozen=True, slots=True)
class IncomingContent:
    """Bytes on their way in. `filename` and `media_type` are as a client or another server gave them.

    `sha256` (hex) is what the client says they hash to.
    """

    chunks: AsyncIterator[bytes]
    filename: str
    media_type: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that are stored and what their archive says about itself."""

    content: Content
    facts: ArchiveFacts = field(default_factory=ArchiveFacts)


class Intake:
    """Stores bytes and looks into them. What it stored is visible only once a record refers to it."""

    def __init__(self, blobs: BlobStore, archives: ArchiveReader, quotas: Quotas, *, forget: Forget) -> None:
        self._blobs = blobs
        self._forget = forget
        self._archives = archives
        self._quotas = quotas

    async def receive(self, incoming: IncomingContent, *, owner: str, replaced: Content | None = None) -> Received:
        """Store the bytes. Raises TooLarge, QuotaReached, DigestMismatch; nothing stays behind then."""
        room = await self._quotas.allowance_for(owner, freed_bytes=replaced.size if replaced else 0)
        stored, head = await self._store(incoming, room)
        media_type, filename = checked_media_type(incoming.media_type), safe_filename(incoming.filename)
        content = Content(stored.key, stored.size, stored.sha256, media_type, filename)
        return await self._looked_into(content, head, owner)

    def quota_of(self, owner: str) -> Quota | None:
        """What the write of a record compares with that makes the owner store more."""
        return self._quotas.quota_of(owner)

    async def adopt(
        self, stored: StoredBlob, *, owner: str, name: str, filename: str | None, media_type: str | None
    ) -> Received:
        """Take a blob that came in by other means, in parts. What is not said of it is read from its first bytes."""
        async with self._blobs.read(stored.key, length=SNIFF_BYTES) as chunks:
            head = b"".join([chunk async for chunk in chunks])
        suffix, sniffed = KINDS[looks_like_archive(head)]
        content = Content(
            stored.key,
            stored.size,
            stored.sha256,
            checked_media_type(media_type, otherwise=sniffed),
            safe_filename(filename or name + suffix),
        )
        return await self._looked_into(content, head, owner)

    async def _looked_into(self, content: Content, head: bytes, user: str) -> Received:
        if not looks_like_archive(head):
            return Received(content)
        return Received(content, await self._archives.look_into(content.blob_key, size=content.size, user=user))

    async def _store(self, incoming: IncomingContent, room: Allowance) -> tuple[StoredBlob, bytes]:
        head = bytearray()

        async def bounded() -> AsyncIterator[bytes]:
            size = 0
            async for chunk in incoming.chunks:
                size += len(chunk)
                room.check(size)
                if len(head) < SNIFF_BYTES:
                    head.extend(chunk[: SNIFF_BYTES - len(head)])
                yield chunk

        stored = await self._blobs.put(bounded())
        if incoming.sha256 and not hmac.compare_digest(incoming.sha256.lower(), stored.sha256):
            await self._blobs.delete(stored.key)
            raise DigestMismatch(
                f"the content that arrived has the SHA-256 {stored.sha256}; nothing was stored, send it again",
                pointer="/sha256",
            )
        return stored, bytes(head)

    async def settle(self, write: Awaitable[_Result], received: Received | None) -> _Result:
        """Await the record's write. When it was refused for certain, the bytes go; when unknown, the sweep decides."""
        try:
            return await write
        except Unavailable:
            raise
        except RegistryError:
            if received is not None:
                await asyncio.shield(self.discard(received.content))
            raise

    async def discard(self, content: Content) -> None:
        """Free bytes that no record refers to any more: what is asked for is done, whether they go now or later."""
        try:
            await self._blobs.delete(content.blob_key)
        except Unavailable as error:
            _log.warning("bytes_left_to_the_sweep", blob_key=content.blob_key, reason=str(error))
        await self._forget(content)


def described(package: Package, metadata: Metadata, facts: ArchiveFacts) -> Package:
    """`package` with the client's metadata; what the client left out comes from the archive, else is the default."""
    return replace(
        package,
        version=metadata.version,
        description=metadata.description,
        license=facts.license if metadata.license is None else metadata.license,
        tags=metadata.tags,
        source_url=metadata.source_url,
        dependencies=facts.dependencies if metadata.dependencies is None else metadata.dependencies,
        readme=facts.readme if metadata.readme is None else metadata.readme,
        status=metadata.status or package.status,
    )


def filled(package: Package, received: Received, source: SourceFacts) -> Package:
    """`package` with content that was fetched for it; what its record leaves open comes from the archive, else from
    what its source says of it."""
    facts = received.facts
    stated = recorded_license(source.license) if source.license else None
    # The stricter of the two: nobody can rely on the better one.
    found = max(filter(None, (facts.license, stated)), key=strictness, default=None)
    return replace(
        package,
        content=received.content,
        description=package.description or source.description[:_MAX_DESCRIPTION_CHARACTERS],
        license=package.license or found,
        tags=package.tags or _usable_tags(source.tags),
        dependencies=package.dependencies or facts.dependencies or source.dependencies,
        readme=facts.readme if package.readme is None else package.readme,
    )


def _usable_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The tags that a client could have given, too."""
    fit = (tag for tag in tags if tag.isprintable() and 0 < len(tag) <= _MAX_TAG_CHARACTERS)
    return tuple(dict.fromkeys(fit))[:_MAX_TAGS]


_OWNER_STATUSES = (PackageStatus.ACTIVE, PackageStatus.DEPRECATED)


def check_first_status(first: PackageStatus, wanted: PackageStatus | None, caller: Caller) -> None:
    """A package with content begins as active, as a draft or deprecated. Raises InvalidInput, PermissionDenied."""
    if wanted is PackageStatus.DRAFT:
        if first is not PackageStatus.ACTIVE:
            raise InvalidInput("a draft needs its content with the request; leave the status out", pointer="/status")
    elif wanted is not None:
        check_status_change(first, wanted, caller)


def check_status_change(before: PackageStatus, wanted: PackageStatus, caller: Caller) -> None:
    """Owners set active and deprecated, admins also quarantined, which only admins lift.

    Raises PermissionDenied, InvalidInput, and IsDraft for a change from a draft or to one; a draft may be quarantined.
    """
    if wanted is before:
        return
    if PackageStatus.DRAFT in (before, wanted) and wanted is not PackageStatus.QUARANTINED:
        raise IsDraft("Only a release makes a draft active (POST /releases), and nothing becomes a draft again.")
    if before in (PackageStatus.PENDING, PackageStatus.FAILED):
        raise InvalidInput(f"the package is {before.value}: its status changes when its ingest does", pointer="/status")
    if wanted not in (*_OWNER_STATUSES, PackageStatus.QUARANTINED):
        raise InvalidInput(f"{wanted.value!r} is set by the registry only; use active or deprecated", pointer="/status")
    if not caller.is_admin and PackageStatus.QUARANTINED in (before, wanted):
        raise PermissionDenied("Only admins quarantine a package and lift its quarantine.")
