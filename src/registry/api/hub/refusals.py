"""Errors in the form whose reason Hugging Face clients show: headers beside the problem document.

`X-Error-Code` decides the class that a client raises, `X-Error-Message` is its text. Only what is raised as
GatedRepoError reaches the users of downloads with its reason in all versions of the clients, so every refusal that is
about a package or its reader is one. `X-HF-Warning` shows the reason on the command line, too.
"""

import zlib
from dataclasses import replace

from registry.api.problem_kinds import ProblemKind
from registry.domain import errors, serving_errors

_GATED = "GatedRepo"
_CODES: dict[type[errors.RegistryError], str] = {
    errors.NotFound: "RepoNotFound",
    errors.RevisionNotFound: "RevisionNotFound",
    errors.FileNotFound: "EntryNotFound",
    serving_errors.ContentUnavailable: _GATED,
    errors.PermissionDenied: _GATED,
    errors.Unauthenticated: _GATED,
}
_FORBIDDEN = 403
_MOST_CHARACTERS = 1_000
_NO_ADDRESS = (
    "This registry answers what Hugging Face clients read of models and datasets. It takes no uploads from them: "
    "publish with the registry command, or by POST /package."
)


def header_text(text: str) -> str:
    """Text as a header's value: one line of printable ASCII, cut where it is long."""
    ascii_only = text.encode("ascii", "replace").decode()
    line = " ".join("".join(character if " " <= character <= "~" else " " for character in ascii_only).split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 3] + "..."


def warning(text: str) -> str:
    """The value of `X-HF-Warning`. Clients show each topic once, so each text is a topic of its own."""
    return f"registry-{zlib.crc32(text.encode('utf-8', 'replace')):08x}; {header_text(text)}"


def as_clients_show(error: errors.RegistryError, kind: ProblemKind) -> tuple[ProblemKind, dict[str, str]]:
    """The kind with the status that clients expect, and the headers that they read."""
    text = str(error)
    code = next((_CODES[base] for base in type(error).__mro__ if base in _CODES), None)
    headers = {"X-Error-Message": header_text(text)}
    if code is not None:
        headers["X-Error-Code"] = code
    if isinstance(error, errors.FileNotFound):
        headers["X-Repo-Commit"] = error.commit
    if code == _GATED:
        headers["X-HF-Warning"] = warning(text)
        if isinstance(error, serving_errors.ContentUnavailable):
            kind = replace(kind, status=_FORBIDDEN)
    return kind, headers


def unknown_address() -> dict[str, str]:
    """The headers of an answer to what this registry has no route for."""
    return {"X-Error-Message": _NO_ADDRESS}
