"""Entity tags and conditional requests (RFC 9110, section 13)."""

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Scope

from registry.domain.errors import RevisionConflict
from registry.ports.ratings import RatingSummary

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_QUOTE = '"'
_REVISION = re.compile(r"([1-9][0-9]{0,17})(?:\.[0-9a-z]+)?")


def package_tag(revision: int) -> str:
    """The strong ETag of a package: it depends on the revision alone."""
    return f'"{revision}"'


def rated_package_tag(revision: int, rating: RatingSummary | None) -> str:
    """The strong ETag of a package with its rating. If-Match takes it too, and looks at its revision alone."""
    return f'"{revision}.{rating.etag.strip(_QUOTE) if rating else "none"}"'


def content_tag(sha256: str) -> str:
    """The strong ETag of content: its digest."""
    return f'"{sha256}"'


def sent_tags(scope: Scope, name: bytes) -> str | None:
    """All lines of If-Match or If-None-Match as one; None without any. `name` is in lower case."""
    lines = [value for header, value in scope["headers"] if header == name]
    return b", ".join(lines).decode("latin-1") if lines else None


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Whether If-None-Match holds `tag`, by weak comparison."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(f'"{value}"' == tag for _, value in _TAG.findall(if_none_match))


def check_if_match(scope: Scope, tag: str) -> None:
    """Raise RevisionConflict where If-Match names other bytes than those of `tag`, by strong comparison."""
    wanted = sent_tags(scope, b"if-match")
    if wanted is None or wanted.strip() == "*":
        return
    if not any(f'"{value}"' == tag for weak, value in _TAG.findall(wanted) if not weak):
        raise RevisionConflict(f"If-Match names other bytes: the ETag is {tag} now. Read it again.")


def expected_revisions(headers: Headers) -> frozenset[int] | None:
    """The revisions that If-Match accepts, by strong comparison; None without the header or for `*`."""
    values = headers.getlist("if-match")
    if not values or any(value.strip() == "*" for value in values):
        return None
    tags = [value for weak, value in _TAG.findall(", ".join(values)) if not weak]
    return frozenset(int(found[1]) for tag in tags if (found := _REVISION.fullmatch(tag)))


def expected_tags(headers: Headers) -> Callable[[str], bool] | None:
    """Whether If-Match accepts a tag (without its quotes), by strong comparison; None without the header or for `*`."""
    values = headers.getlist("if-match")
    if not values or any(value.strip() == "*" for value in values):
        return None
    tags = {value for weak, value in _TAG.findall(", ".join(values)) if not weak}
    return tags.__contains__
