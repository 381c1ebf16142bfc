"""Names in archives: as text, and as the paths that are listed."""

import re

from registry.domain.file_paths import danger_of
from registry.formats.manifests.problems import Unreadable

_NO_TEXT = re.compile("[\udc80-\udcff]")
_MOST_SHOWN = 1_000
_ESCAPED = re.compile("[%\udc80-\udcff]")


def clean_path(name: str) -> str:
    """The path under which a member is listed: `./a` is `a`. Empty for the top folder itself. Raises Unreadable."""
    if danger := danger_of(name):
        raise Unreadable(f"its path {danger}", path=name[:_MOST_SHOWN])
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def exact_text(raw: bytes) -> str:
    """The name in UTF-8. A byte that is none is a lone surrogate (PEP 383), so no two names have one text."""
    return raw.decode("utf-8", "surrogateescape")


def is_text(path: str) -> bool:
    """Whether all of it is UTF-8."""
    return _NO_TEXT.search(path) is None


def listed_path(path: str) -> str:
    """How a path is shown that may not be UTF-8: `caf%E9` for the bytes `caf\\xe9`. Then a `%` in it is `%25`."""
    if is_text(path):
        return path
    return _ESCAPED.sub(lambda found: "%25" if found[0] == "%" else f"%{ord(found[0]) - 0xDC00:02X}", path)
