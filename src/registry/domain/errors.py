"""Everything that can go wrong, without a word of HTTP.

RegistryError
├── InvalidInput              a value breaks a rule (names the place)
│   ├── DigestMismatch        what arrived is not what was announced
│   ├── IdempotencyKeyReused  one key, two different requests
│   └── UploadIncomplete      parts are missing; names them
├── TooLarge                  over a limit that is a setting
│   └── QuotaReached          the user's share of the store is used up
├── NotFound                  package, user, blob … absent, or hidden from the caller
│   ├── RevisionNotFound      the repository is there, the revision is not
│   └── FileNotFound          the revision is there, the file is not; carries the commit
├── AlreadyExists
│   ├── PackageExists         carries the other package's id
│   ├── NameTooSimilar        looks like another owner's name; carries that
│   ├── VersionRetired        the version had other bytes before it was deleted
│   └── AlreadyAnswered            this idempotency key has its answer already
├── AuditLogDamaged           what was signed of the audit log before does not hold
├── RevisionConflict          the caller saw an older revision
├── LastOwner                 a name without owners is nobody's
├── ReleaseRefused            carries the reasons
├── IsDraft                   only a release makes a draft active
├── ContentUnavailable        the package has no content to give now
│   ├── Quarantined           its content is refused; says why
│   ├── NotScannedYet         its content has no verdict yet; carries the wait
│   ├── BeingFetched          it comes from another service, and is not ready; carries the wait
│   ├── PolicyRefused         the operator's policy refuses it; carries rules and reasons
│   ├── ScoreTooLow           its net score is below what the settings demand
│   └── ArchiveUnreadable     the files in the content cannot all be read
├── LastAdmin                 nobody would be left to administer the registry
├── UploadSealed              the upload takes no parts: it is being completed
├── WebhookDisabled           its receiver wants nothing more
├── Unauthenticated
├── PermissionDenied
├── Throttled                 too many attempts; carries the wait
├── SourceFailed              another service that was asked gave no usable answer
├── ParsingAborted            isolated work on untrusted bytes ended without a result
│   ├── ParsingTimedOut       it took too long
│   ├── ParsingOutOfMemory    it took too much memory
│   └── ParsingCrashed        it ended in any other way
└── Unavailable               a store cannot answer now; carries the wait
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule: a JSON pointer (RFC 6901) into the input, and what to do about it."""

    pointer: str
    detail: str


def json_pointer(*places: str | int) -> str:
    """The JSON pointer (RFC 6901) that leads through these members and items; none of them: the whole."""
    return "".join(f"/{str(place).replace('~', '~0').replace('/', '~1')}" for place in places)


class RegistryError(Exception):
    """Base of all errors that a caller may see. `str(error)` is fit for the caller's eyes."""


class InvalidInput(RegistryError):
    """The input breaks rules; `errors` says which and where. `details` are further public members."""

    def __init__(
        self,
        errors: Sequence[FieldError] | str,
        *,
        pointer: str = "",
        details: dict[str, int | str | list[int]] | None = None,
    ) -> None:
        self.errors = (FieldError(pointer, errors),) if isinstance(errors, str) else tuple(errors)
        self.details = details or {}
        super().__init__("; ".join(f"{error.pointer or 'input'}: {error.detail}" for error in self.errors))


class DigestMismatch(InvalidInput):
    """The bytes that arrived do not have the announced digest or size. Nothing was stored."""


class IdempotencyKeyReused(InvalidInput):
    """The idempotency key was used before, for a different request."""


class UploadIncomplete(InvalidInput):
    """Parts of an upload are missing; the upload stays open. `numbers` are the first of them."""

    SHOWN = 100

    def __init__(self, numbers: Sequence[int], *, of: int) -> None:
        self.numbers = tuple(numbers[: self.SHOWN])
        listed = ", ".join(map(str, self.numbers)) + (", …" if len(numbers) > self.SHOWN else "")
        super().__init__(
            [
                FieldError(
                    "/parts", f"{len(numbers)} of {of} parts are missing: {listed}; send them, then complete again"
                )
            ],
            details={"missing_parts": list(self.numbers)},
        )


class TooLarge(RegistryError):
    """A body or file is over its limit."""


class QuotaReached(TooLarge):
    """The bytes do not fit into what the user may store."""


class NotFound(RegistryError):
    """There is nothing by that id or name that the caller may see."""


class RevisionNotFound(NotFound):
    """The repository has no such revision that the caller may see."""


class FileNotFound(NotFound):
    """The revision has no such file or folder. `commit` is what the revision leads to."""

    def __init__(self, detail: str, *, commit: str) -> None:
        self.commit = commit
        super().__init__(detail)


class AlreadyExists(RegistryError):
    """The name is taken."""


class PackageExists(AlreadyExists):
    """Another package has this (type, name, version)."""

    def __init__(self, existing_id: str) -> None:
        self.existing_id = existing_id
        super().__init__(
            f"A package with this type, name and version exists: {existing_id}. "
            "Publish another version, or change that one."
        )


class NameTooSimilar(AlreadyExists):
    """The name, or its namespace, looks like one of another owner. `name` is which of the two."""

    def __init__(self, name: str, similar_to: str) -> None:
        self.name = name
        self.similar_to = similar_to
        super().__init__(
            f"{name} is easily taken for {similar_to}, which others own. Choose another name, or ask an admin."
        )


class VersionRetired(AlreadyExists):
    """The version was deleted or left, and had other bytes."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"The version {version} existed with other bytes, and a version never changes its bytes. "
            "Publish another version."
        )


class AlreadyAnswered(AlreadyExists):
    """A request with this idempotency key was answered while this one was under way. Nothing was changed."""


class AuditLogDamaged(RegistryError):
    """The log of audit entries is not what was signed before: somebody changed it."""


class RevisionConflict(RegistryError):
    """The package changed since the caller read it."""


class LastOwner(RegistryError):
    """The last owner cannot be removed."""


class ReleaseRefused(RegistryError):
    """Nothing was released. `reasons` are by the package's id, or by `type/name` for aliases."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        listed = "; ".join(f"{key}: {reason}" for key, reason in list(self.reasons.items())[:3])
        super().__init__(f"Nothing was released: {listed}{'; …' if len(self.reasons) > 3 else ''}.")


class IsDraft(RegistryError):
    """The package is a draft, which only a release makes active; and nothing becomes a draft again."""


class UploadSealed(RegistryError):
    """The upload is being completed, or was: its bytes are fixed."""


class LastAdmin(RegistryError):
    """Without this account, or this permission of it, the registry would have no admin. Nothing was changed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the last admin. Give another user the permission 'admin' first.")


class WebhookDisabled(RegistryError):
    """The webhook's receiver said 410 Gone: nothing is sent to it any more."""


class Unauthenticated(RegistryError):
    """No token, or one that is bad, expired or revoked; or a wrong name or password."""


class PermissionDenied(RegistryError):
    """The caller is known but may not do this."""


class Throttled(RegistryError):
    """Too many attempts. Try again after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


class Unavailable(RegistryError):
    """A store or its queue cannot take this now. Try again after `retry_after_seconds`."""

    def __init__(self, detail: str, *, retry_after_seconds: int = 1) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


class SourceFailed(RegistryError):
    """A source did not answer, or not in a way that can be relied on. `retry_at`: when it may again, where known."""

    def __init__(self, reason: str, *, retry_at: datetime | None = None) -> None:
        self.reason = reason
        self.retry_at = retry_at
        super().__init__(reason)


class ParsingAborted(RegistryError):
    """The bytes could not be inspected: neither clean nor absent follows from that."""


class ParsingTimedOut(ParsingAborted):
    """Reading the bytes took longer than the job's limit."""


class ParsingOutOfMemory(ParsingAborted):
    """Reading the bytes took more memory than the job's limit."""


class ParsingCrashed(ParsingAborted):
    """The process that read the bytes ended without a valid result."""
