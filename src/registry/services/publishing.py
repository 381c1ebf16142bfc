"""Publishing a package.

The order is what keeps a crash harmless: bytes first under a fresh key, then the record that makes them visible. Bytes
without a record are swept later.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from registry.domain.accounts import Caller
from registry.domain.errors import AnswerKept, IdempotencyKeyReused, PackageExists
from registry.domain.packages import AuditAction, KeptAnswer, Package, PackageStatus
from registry.ports.answers import AnswerStore
from registry.ports.clock import Clock, IdSource
from registry.ports.packages import PackageStore
from registry.services.archives import ArchiveFacts
from registry.services.intake import AuditWriter, IncomingContent, Intake, Metadata, check_status_change, described


@dataclass(frozen=True, slots=True)
class Answering:
    """How the answer to an idempotent request is made and told from others.

    `key` is unique per user and route; `fingerprint_of` takes the content's sha256 and gives the request's fingerprint;
    `answer_of` gives status, headers and body of the answer for the package.
    """

    key: str
    fingerprint_of: Callable[[str | None], str]
    answer_of: Callable[[Package], tuple[int, tuple[tuple[str, str], ...], bytes]]


class Publishing:
    def __init__(
        self,
        packages: PackageStore,
        intake: Intake,
        *,
        answers: AnswerStore,
        audit: AuditWriter,
        clock: Clock,
        ids: IdSource,
        idempotency_seconds: int,
    ) -> None:
        self._packages = packages
        self._intake = intake
        self._answers = answers
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._idempotency_seconds = idempotency_seconds

    async def check_free(self, metadata: Metadata) -> None:
        """Raises PackageExists when (type, name, version) is taken, so that no gigabytes are sent in vain."""
        versions = await self._packages.list_versions([metadata.name])
        for taken in versions.get(metadata.name, ()):
            if taken.version == metadata.version:
                package = await self._packages.get(taken.id)
                if package.type is metadata.type:
                    raise PackageExists(package.id)

    async def publish(
        self,
        caller: Caller,
        metadata: Metadata,
        incoming: IncomingContent | None,
        *,
        answering: Answering | None = None,
    ) -> Package | KeptAnswer:
        """Store the bytes, then the record. A package without content awaits its ingest from `source_url`.

        Returns the answer given first when the idempotency key has one. Raises PackageExists, DigestMismatch,
        IdempotencyKeyReused, TooLarge, PermissionDenied; nothing is stored then.
        """
        first_status = PackageStatus.ACTIVE if incoming else PackageStatus.PENDING
        check_status_change(first_status, metadata.status or first_status, caller)
        if answering and (kept := await self._replay(answering, incoming)):
            return kept
        received = await self._intake.receive(incoming) if incoming else None
        now = self._clock.now()
        package = described(
            Package(
                id=self._ids.new_id(),
                name=metadata.name,
                version=metadata.version,
                type=metadata.type,
                status=first_status,
                created_by=caller.name,
                created_at=now,
                updated_at=now,
                content=received.content if received else None,
            ),
            metadata,
            received.facts if received else ArchiveFacts(),
        )
        answer = self._keep(answering, package) if answering else None
        change = self._audit.change(package, caller.name, AuditAction.CREATE, answer=answer)
        try:
            await self._intake.settle(self._packages.add(package, change), received)
        except AnswerKept:
            # The same request was answered while this one was under way.
            if answer and (first := await self._answers.find_answer(answer.key)):
                return _same_request(first, answer.fingerprint)
            raise
        return package

    async def _replay(self, answering: Answering, incoming: IncomingContent | None) -> KeptAnswer | None:
        kept = await self._answers.find_answer(answering.key)
        if kept is None:
            return None
        sha256 = await _digest_of(incoming.chunks) if incoming else None
        return _same_request(kept, answering.fingerprint_of(sha256))

    def _keep(self, answering: Answering, package: Package) -> KeptAnswer:
        status, headers, body = answering.answer_of(package)
        return KeptAnswer(
            key=answering.key,
            fingerprint=answering.fingerprint_of(package.content.sha256 if package.content else None),
            status=status,
            headers=headers,
            body=body,
            expires_at=self._clock.now() + timedelta(seconds=self._idempotency_seconds),
        )


async def _digest_of(chunks: AsyncIterator[bytes]) -> str:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _same_request(kept: KeptAnswer, fingerprint: str) -> KeptAnswer:
    if not hmac.compare_digest(kept.fingerprint, fingerprint):
        raise IdempotencyKeyReused(
            "this Idempotency-Key was used for another request; use a fresh key for each new request"
        )
    return kept
