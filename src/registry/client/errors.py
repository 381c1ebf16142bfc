"""What can go wrong between this client and a registry.

ClientError
├── Unreachable             no answer came, however often it was tried
├── InvalidAnswer           what answered does not speak the registry's API
├── DigestMismatch          a download is not what the package announces; nothing was kept
├── FileChanged             the file was written to while it was being published
├── AmbiguousReference      a name stands for packages of several types
└── ProblemError            the registry refused: carries its problem document (RFC 9457)
    ├── InvalidRequest      400, 413, 415, 416, 422
    ├── NotSignedIn         401
    ├── NotAllowed          403
    ├── NotFound            404
    ├── Conflict            409
    ├── PreconditionFailed  412: the package changed since its ETag was read
    ├── TooManyRequests     429
    └── ServerFailed        5xx
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from registry.domain.errors import FieldError

_SLUG_PREFIX = "/problems/"
_SENTENCE = re.compile(r".* .*[.?!]", re.DOTALL)


class ClientError(Exception):
    """Base of all that this client raises about a request. `str(error)` is one line, fit for a person."""


class Unreachable(ClientError):
    """The registry gave no answer: name not found, connection refused or cut, or a timeout."""


class InvalidAnswer(ClientError):
    """The answer is not one that the registry's API gives; perhaps the address is another server's."""


class DigestMismatch(ClientError):
    """The bytes that arrived do not have the size or SHA-256 that the package announces. They were thrown away."""


class FileChanged(ClientError):
    """The file's size changed between reading its digest and sending it."""


class AmbiguousReference(ClientError):
    """A name alone stands for packages of several types; an id or a type decides."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document. `slug` is the last part of its `type`, `members` the whole document as it came."""

    status: int
    slug: str
    title: str
    detail: str = ""
    request_id: str | None = None
    errors: tuple[FieldError, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_response(cls, response: httpx.Response) -> Self:
        """Read the problem out of a response. One without a problem document (a proxy's page) gives its status line."""
        members = _problem_members(response)
        status_line = response.reason_phrase or f"HTTP {response.status_code}"
        errors = members.get("errors")
        return cls(
            status=response.status_code,
            slug=str(members.get("type", "")).rpartition(_SLUG_PREFIX)[2],
            title=str(members.get("title") or status_line),
            detail=str(members.get("detail") or ""),
            request_id=members.get("request_id") or response.headers.get("X-Request-Id"),
            errors=tuple(
                FieldError(str(error.get("pointer", "")), str(error.get("detail", "")))
                for error in (errors if isinstance(errors, list) else [])
                if isinstance(error, dict)
            ),
            members=members,
        )

    def __str__(self) -> str:
        """What a person needs: which field breaks which rule, or the detail; the title where there is neither, or where
        the detail is no sentence."""
        if self.errors:
            return "; ".join(f"{_field(error.pointer)}{error.detail}" for error in self.errors)
        if not self.detail:
            return self.title
        return self.detail if _SENTENCE.fullmatch(self.detail) else f"{self.title}: {self.detail}"


def _field(pointer: str) -> str:
    return f"{pointer.lstrip('/').replace('/', '.')}: " if pointer.strip("/") else ""


def _problem_members(response: httpx.Response) -> dict[str, Any]:
    if "json" not in response.headers.get("Content-Type", ""):
        return {}
    try:
        members = response.json()
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


class ProblemError(ClientError):
    """The registry answered with an error. `problem` is the document; its main members are at hand as properties."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def slug(self) -> str:
        return self.problem.slug

    @property
    def request_id(self) -> str | None:
        return self.problem.request_id


class InvalidRequest(ProblemError):
    """The request breaks a rule; `problem.errors` says which and where."""


class NotSignedIn(ProblemError):
    """No token, or one that is bad, expired or revoked; or a wrong name or password."""


class NotAllowed(ProblemError):
    """The token is good, but its user lacks the permission."""


class NotFound(ProblemError):
    """There is nothing by that id or name, or it is hidden from this user."""


class Conflict(ProblemError):
    """The request does not fit the present state: the name is taken, or the content cannot be served."""


class PreconditionFailed(ProblemError):
    """The package changed since its ETag was read. Read it again, then decide."""


class TooManyRequests(ProblemError):
    """The registry asks to slow down, for longer than this client waits by itself."""


class ServerFailed(ProblemError):
    """The registry, or a proxy before it, could not do its part."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    429: TooManyRequests,
}


def problem_error(response: httpx.Response) -> ProblemError:
    """The error that a response with a status from 400 on stands for. Its body must have been read."""
    status = response.status_code
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else InvalidRequest)
    return kind(Problem.from_response(response))
