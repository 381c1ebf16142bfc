"""Publishing a package.

The order is what keeps a crash harmless: bytes first under a fresh key, then the record that makes them visible. Bytes
without a record are swept later.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from registry.domain.accounts import Caller, principal_of
from registry.domain.errors import (
    AlreadyAnswered,
    NameTooSimilar,
    NotFound,
    PackageExists,
    PermissionDenied,
    RegistryError,
)
from registry.domain.idempotency import IdempotencyRecord
from registry.domain.names import not_owner
from registry.domain.packages import AuditAction, Change, Package, PackageStatus
from registry.domain.quotas import Quota
from registry.domain.redaction import public_url
from registry.domain.uploads import Upload
from registry.formats.archives.facts import ArchiveFacts
from registry.ports.clock import Clock, IdSource
from registry.ports.idempotency import IdempotencyStore
from registry.ports.names import NameStore
from registry.ports.packages import PackageStore
from registry.ports.source_urls import SourceUrlStore
from registry.services.names.access import Access
from registry.services.names.namespaces import Namespaces
from registry.services.packages.audit_writer import AuditWriter, by
from registry.services.packages.idempotency import IdempotentRequest, same_request
from registry.services.packages.intake import IncomingContent, Intake, Metadata, Received, check_first_status, described
from registry.services.packages.visibility import check_may_publish

FETCHED_WITHIN = timedelta(days=2)
"""Ingest gives a package up after a day."""


class Publishing:
    def __init__(
        self,
        packages: PackageStore,
        names: NameStore,
        namespaces: Namespaces,
        access: Access,
        intake: Intake,
        *,
        idempotency: IdempotencyStore,
        source_urls: SourceUrlStore,
        audit: AuditWriter,
        clock: Clock,
        ids: IdSource,
        idempotency_seconds: int,
    ) -> None:
        self._packages = packages
        self._names = names
        self._namespaces = namespaces
        self._access = access
        self._intake = intake
        self._idempotency = idempotency
        self._source_urls = source_urls
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._idempotency_seconds = idempotency_seconds

    async def check_free(self, caller: Caller, metadata: Metadata) -> None:
        """Raises PackageExists when (type, name, version) is taken, so that no gigabytes are sent in vain.

        Raises PermissionDenied where the caller may not publish under the name, whatever is there. The write decides.
        """
        check_may_publish(metadata.name, caller)
        name = await self._names.find(metadata.type, metadata.name)
        if name is not None and not caller.is_admin and not name.is_owned_by(caller.principal):
            raise await self._refusal(caller, metadata, not_owner(metadata.name))
        taken = await self._packages.find_version(metadata.type, metadata.name, metadata.version)
        if taken is not None:
            raise PackageExists(taken)

    async def _refusal(self, caller: Caller, wanted: Metadata | Package, denied: PermissionDenied) -> RegistryError:
        """Why the caller may not publish: a version that they see is taken, whoever owns the name."""
        taken = await self._packages.find_version(wanted.type, wanted.name, wanted.version)
        for package in await self._packages.get_many([taken] if taken else []):
            if await self._access.sees(package, caller):
                return PackageExists(package.id)
        return denied

    async def publish(
        self,
        caller: Caller,
        metadata: Metadata,
        incoming: IncomingContent | None,
        *,
        idempotent: IdempotentRequest[Package] | None = None,
    ) -> Package | IdempotencyRecord:
        """Store the bytes, then the record. A package without content awaits its ingest from `source_url`.

        Returns the record of the first request with the same idempotency key, where there is one. Raises PackageExists,
        DigestMismatch, IdempotencyKeyReused, TooLarge, QuotaReached, PermissionDenied; nothing is stored then.
        """
        check_may_publish(metadata.name, caller)
        first_status = PackageStatus.ACTIVE if incoming else PackageStatus.PENDING
        check_first_status(first_status, metadata.status, caller)
        if idempotent and (first := await self._replay(idempotent, incoming)):
            return first
        received = await self._intake.receive(incoming, owner=caller.name) if incoming else None
        package = self._new(caller.name, metadata, received, first_status)
        if package.source_url and received is None and (whole := package.source_url) != public_url(whole):
            # Before the record, which is the order to fetch; where that is refused, its time ends it.
            await self._source_urls.add(package.id, whole, expires_at=self._clock.now() + FETCHED_WITHIN)
        change = self._change(caller, package, idempotent, quota=self._intake.quota_of(package.created_by))
        return await self._add(caller, package, change, received=received)

    async def publish_upload(
        self,
        caller: Caller,
        upload: Upload,
        metadata: Metadata,
        received: Received,
        *,
        idempotent: IdempotentRequest[Package],
    ) -> Package | IdempotencyRecord:
        """Add the package that an upload has become, and end the upload, in one write. The bytes stay if it fails.

        No quota is looked at: the upload has been counted from its beginning.

        Returns the first request's record where it was completed before. Raises PackageExists, and NotFound when the
        upload is gone.
        """
        package = self._new(upload.created_by, metadata, received, PackageStatus.ACTIVE)
        creator = principal_of(upload.created_by, upload.account_id or upload.created_by)
        change = replace(self._change(caller, package, idempotent), upload=upload, principal=creator)
        return await self._add(caller, package, change, received=None)

    async def find_answered(self, caller: Caller, idempotent: IdempotentRequest[Package]) -> IdempotencyRecord | None:
        """The record of the first such request, which brings no content of its own.

        Raises IdempotencyKeyReused, and NotFound where the caller's token does not extend to the package.
        """
        first = await self._replay(idempotent, None)
        if first is not None and caller.names is not None:
            made = await self._packages.get_many([first.made_id])
            if not made or not caller.may_name(made[0].name):
                raise NotFound("There is no upload with this id.")
        return first

    def _new(self, owner: str, metadata: Metadata, received: Received | None, first_status: PackageStatus) -> Package:
        now = self._clock.now()
        package = Package(
            id=self._ids.new_id(),
            name=metadata.name,
            version=metadata.version,
            type=metadata.type,
            status=first_status,
            created_by=owner,
            created_at=now,
            updated_at=now,
            content=received.content if received else None,
        )
        return described(package, metadata, received.facts if received else ArchiveFacts())

    def _change(
        self,
        caller: Caller,
        package: Package,
        idempotent: IdempotentRequest[Package] | None,
        *,
        quota: Quota | None = None,
    ) -> Change:
        change = by(caller, self._audit.change(package, caller.name, AuditAction.CREATE), quota=quota)
        if idempotent is None:
            return change
        expires_at = self._clock.now() + timedelta(seconds=self._idempotency_seconds)
        return replace(
            change, idempotency=idempotent.record(package, package.id, change.audit.sha256, expires_at=expires_at)
        )

    async def _add(
        self, caller: Caller, package: Package, change: Change, *, received: Received | None
    ) -> Package | IdempotencyRecord:
        """Write the record. Where it is refused for certain, the bytes `received` go."""
        try:
            await self._intake.settle(self._packages.add(package, change), received)
        except AlreadyAnswered:
            # The same request was answered while this one was under way.
            if change.idempotency and (first := await self._idempotency.find(change.idempotency.key)):
                return same_request(first, change.idempotency.fingerprint)
            raise
        except PermissionDenied as denied:
            raise await self._refusal(caller, package, denied) from None
        except NameTooSimilar as alike:
            if await self._sees(alike, package, caller):
                raise
            raise not_owner(package.name) from None  # a private name leaves no trace
        return package

    async def _sees(self, alike: NameTooSimilar, package: Package, caller: Caller) -> bool:
        """Whether what the package's name, or its namespace, looks like exists for the caller."""
        if alike.name == package.name:
            return (await self._access.viewer(caller)).sees_name(package.type, alike.similar_to)
        try:
            await self._namespaces.read(alike.similar_to, caller)
        except NotFound:
            return False
        return True

    async def _replay(
        self, idempotent: IdempotentRequest[Package], incoming: IncomingContent | None
    ) -> IdempotencyRecord | None:
        first = await self._idempotency.find(idempotent.key)
        if first is None:
            return None
        sha256 = await _digest_of(incoming.chunks) if incoming else None
        return same_request(first, idempotent.fingerprint_of(sha256))


async def _digest_of(chunks: AsyncIterator[bytes]) -> str:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
