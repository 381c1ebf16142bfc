"""What of a URL may be shown: everybody who may search reads listings, and many programs keep logs.

An address can be a secret itself: by a name and password before its host, by a signature or token in its query and, for
webhooks, by its path.
"""

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

HIDDEN = "redacted"
_SECRET_NAME = re.compile(
    r"sig|token|secret|passw|pwd|credential|key|auth|jwt|session|policy|^code$|^x-(?:amz|goog|oss|cos)-", re.IGNORECASE
)
_PLAIN_WORD = re.compile(r"v[0-9]{1,2}|[a-z]{1,16}(?:[-_.][a-z]{1,16}){0,3}")
_URL_IN_TEXT = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)([^\s\"'<>\\]+)", re.IGNORECASE)


def public_url(url: str) -> str:
    """A source's URL without a name and password, and without the values of parameters that are secrets by their names.

    The same text where there is nothing to hide.
    """
    parts = _split(url)
    if parts is None:
        return url
    query = "&".join(map(_public_parameter, parts.query.split("&")))
    fragment = "" if _hides(parts.fragment) else parts.fragment
    if parts.username is None and parts.password is None and (query, fragment) == (parts.query, parts.fragment):
        return url
    return urlunsplit((parts.scheme, _host(parts), parts.path, query, fragment))


def receiver_url(url: str) -> str:
    """A webhook's URL by which admins tell it from others: plain words of its path are left, nothing of its query."""
    parts = _split(url)
    if parts is None:
        return HIDDEN
    path = "/".join(segment if _is_plain(segment) else HIDDEN for segment in parts.path.split("/"))
    return urlunsplit((parts.scheme, _host(parts), path, HIDDEN if parts.query else "", ""))


def redacted(text: str) -> str:
    """A text for a log or a message: of each URL in it only the scheme and the host are left."""
    return _URL_IN_TEXT.sub(_short, text) if "://" in text else text


def _short(found: re.Match[str]) -> str:
    authority, slash, _ = re.split(r"([/?#]|$)", found[2], maxsplit=1)
    return found[1] + authority.rpartition("@")[2] + ("/…" if slash else "")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.username
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _public_parameter(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}={HIDDEN}" if equals and _SECRET_NAME.search(name) else parameter


def _hides(fragment: str) -> bool:
    return "=" in fragment and _SECRET_NAME.search(fragment) is not None


def _is_plain(segment: str) -> bool:
    return not segment or (_PLAIN_WORD.fullmatch(segment) is not None and not _SECRET_NAME.search(segment))
