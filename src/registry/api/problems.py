"""RFC 9457 problem documents: one table from error class to status, slug and title. `error_handlers` applies it."""

from typing import Any

import orjson
from starlette.responses import Response

from registry.api.problem_kinds import ProblemKind
from registry.domain import errors, serving_errors
from registry.telemetry.request_id import current_request_id

PROBLEM_MEDIA_TYPE = "application/problem+json"


_UNREADABLE = ProblemKind(
    422,
    "unreadable-content",
    "The content could not be inspected",
    "Reading it took too much time or memory, or failed; nothing is known of what is in it.",
)

PROBLEMS: dict[type[errors.RegistryError], ProblemKind] = {
    errors.InvalidInput: ProblemKind(
        422,
        "validation",
        "The request is not valid",
        "A field, parameter or header breaks a rule; `errors` says which.",
    ),
    errors.DigestMismatch: ProblemKind(
        422, "digest-mismatch", "The bytes are not what was announced", "Nothing was stored. Send the bytes again."
    ),
    errors.IdempotencyKeyReused: ProblemKind(
        422, "idempotency-key-reused", "The idempotency key was used before", "Use a fresh key for each new request."
    ),
    errors.UploadIncomplete: ProblemKind(
        422,
        "upload-incomplete",
        "Parts are missing",
        "The upload stays open. Send the parts that `missing_parts` names, then complete it again.",
    ),
    errors.TooLarge: ProblemKind(
        413, "too-large", "The body is too large", "A limit was passed; the limits are settings of the registry."
    ),
    errors.QuotaReached: ProblemKind(
        413, "quota-reached", "The quota is used up", "What a user may store is a setting of the registry."
    ),
    errors.NotFound: ProblemKind(
        404, "not-found", "There is nothing here", "The address, id or name leads nowhere, or only for others."
    ),
    errors.RevisionNotFound: ProblemKind(
        404,
        "revision-not-found",
        "There is no such revision",
        "A revision of a repository is `main`, an alias, a version, a package id or a commit.",
    ),
    errors.FileNotFound: ProblemKind(
        404, "file-not-found", "There is no such file", "The revision has no file or folder under this path."
    ),
    errors.AlreadyExists: ProblemKind(409, "already-exists", "The name is taken", "Choose another name."),
    errors.PackageExists: ProblemKind(
        409,
        "package-exists",
        "The package exists",
        "A package with this type, name and version is there; `existing_id` names it.",
    ),
    errors.NameTooSimilar: ProblemKind(
        409,
        "name-too-similar",
        "The name looks like another one",
        "It differs from another owner's name only in ways that people overlook; `similar_to` is that name.",
    ),
    errors.VersionRetired: ProblemKind(
        409,
        "version-retired",
        "The version had other bytes",
        "A version that was deleted or left can only be published again with the bytes that it had.",
    ),
    errors.LastOwner: ProblemKind(
        409, "last-owner", "A name keeps an owner", "Add another owner before the last one is removed."
    ),
    errors.ReleaseRefused: ProblemKind(
        409,
        "release-refused",
        "The release is not possible",
        "Nothing changed. `reasons` says of each package, or of `type/name` for aliases, what stands against it.",
    ),
    errors.IsDraft: ProblemKind(
        409,
        "draft",
        "The package is a draft",
        "Only a release makes a draft active, and nothing becomes a draft again.",
    ),
    errors.AlreadyAnswered: ProblemKind(
        409, "request-under-way", "The same request is under way", "Repeat it to get its answer."
    ),
    errors.AuditLogDamaged: ProblemKind(
        500,
        "audit-log-damaged",
        "The audit log was changed",
        "What was signed before does not hold any more. Nothing new is signed; an operator has to look.",
    ),
    errors.RevisionConflict: ProblemKind(
        412, "stale-revision", "The package has changed", "Read it again, then repeat the change with its new ETag."
    ),
    serving_errors.ContentUnavailable: ProblemKind(
        409, "content-unavailable", "The content cannot be served", "The package's status does not allow it."
    ),
    serving_errors.Quarantined: ProblemKind(
        409,
        "quarantined",
        "The package is quarantined",
        "Its content was found dangerous, or an admin has put it under quarantine; only admins lift that.",
    ),
    serving_errors.NotScannedYet: ProblemKind(
        409,
        "not-scanned-yet",
        "The content has not been scanned yet",
        "This registry serves content once it has a verdict. Wait as long as `Retry-After` says, then repeat.",
    ),
    serving_errors.BeingFetched: ProblemKind(
        409,
        "being-fetched",
        "The package is being fetched",
        "It comes from the Hugging Face Hub, and is served once it has been scanned and rated. Repeat after "
        "`Retry-After`.",
    ),
    serving_errors.PolicyRefused: ProblemKind(
        409,
        "policy-refused",
        "The policy refuses the package",
        "The operator demands of packages what this one lacks; `rules` says which rule and why.",
    ),
    serving_errors.ScoreTooLow: ProblemKind(
        409,
        "score-too-low",
        "The net score is too low",
        "This registry serves only packages with a high enough net score; the lower end of its range counts.",
    ),
    errors.LastAdmin: ProblemKind(
        409,
        "last-admin",
        "This is the last admin",
        "A registry keeps at least one admin. Make another user admin first, then repeat.",
    ),
    errors.WebhookDisabled: ProblemKind(
        409,
        "webhook-disabled",
        "The webhook is disabled",
        "Its receiver answered 410 Gone. Delete it, and add it again once the receiver is back.",
    ),
    serving_errors.ArchiveUnreadable: ProblemKind(
        409,
        "archive-unreadable",
        "The files of the archive cannot be read",
        "A file in it is damaged, encrypted or has a dangerous path. The content can be downloaded as a whole.",
    ),
    errors.UploadSealed: ProblemKind(
        409, "upload-sealed", "The upload takes no parts now", "It is being completed. Ask for its state in a moment."
    ),
    errors.Unauthenticated: ProblemKind(
        401, "unauthenticated", "Sign in first", "The token is missing, bad, expired or revoked, or the login is wrong."
    ),
    errors.PermissionDenied: ProblemKind(
        403, "permission-denied", "This is not allowed", "The account lacks a permission, or the package is another's."
    ),
    errors.Throttled: ProblemKind(
        429, "too-many-requests", "Too many requests", "Wait as long as `Retry-After` says, then repeat."
    ),
    errors.SourceFailed: ProblemKind(
        502, "source-failed", "Another service gave no answer", "A host that had to be asked failed or refused."
    ),
    errors.ParsingAborted: _UNREADABLE,
    errors.ParsingTimedOut: _UNREADABLE,
    errors.ParsingOutOfMemory: _UNREADABLE,
    errors.ParsingCrashed: _UNREADABLE,
    errors.Unavailable: ProblemKind(
        503, "unavailable", "The registry cannot answer now", "Wait as long as `Retry-After` says, then repeat."
    ),
}

HTTP_PROBLEMS: dict[int, ProblemKind] = {
    400: ProblemKind(
        400, "malformed", "The request cannot be read", "The body is not JSON or not well-formed multipart."
    ),
    404: PROBLEMS[errors.NotFound],
    405: ProblemKind(405, "method-not-allowed", "This method is not allowed", "`Allow` lists the methods that are."),
    408: ProblemKind(
        408, "too-slow", "The request came too slowly", "Its head or body stopped, or came below the minimum rate."
    ),
    409: ProblemKind(
        409, "changed-meanwhile", "Others change the same thing", "Nothing was changed. Read it again, then repeat."
    ),
    413: PROBLEMS[errors.TooLarge],
    414: ProblemKind(414, "target-too-long", "The request target is too long", "Send filters that are shorter."),
    415: ProblemKind(
        415, "unsupported-media-type", "The media type is not supported", "See the route's documentation."
    ),
    416: ProblemKind(416, "range-not-satisfiable", "The range lies outside", "`Content-Range` has the size."),
    431: ProblemKind(431, "head-too-large", "The request's head is too large", "Send fewer or shorter header fields."),
    500: ProblemKind(500, "internal", "Something broke", "A defect of the registry; its log has the `request_id`."),
    501: ProblemKind(
        501, "not-implemented", "The method or coding is unknown", "The schema names the methods of each route."
    ),
    503: PROBLEMS[errors.Unavailable],
}


def problem_kinds() -> dict[str, ProblemKind]:
    """All kinds by slug."""
    return {kind.slug: kind for kind in (*PROBLEMS.values(), *HTTP_PROBLEMS.values())}


def problem_response(
    kind: ProblemKind,
    detail: str,
    *,
    path: str,
    headers: dict[str, str] | None = None,
    members: dict[str, Any] | None = None,
) -> Response:
    """A problem document about this request."""
    document = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": path,
        "request_id": current_request_id(),
        **(members or {}),
    }
    return Response(orjson.dumps(document), kind.status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)
