"""Names in archives: as text, as paths that are listed, and which of them are dangerous.

Dangerous is a path that leads out of a folder, or that programs read in two ways.
"""

import re
import unicodedata

from registry.formats.manifests.problems import Unreadable

_MOST_BYTES = 4096
"""PATH_MAX of Linux: no file system takes a longer one."""
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")
_NO_TEXT = re.compile("[\udc80-\udcff]")
_ESCAPED = re.compile("[%\udc80-\udcff]")


def clean_path(name: str) -> str:
    """The path under which a member is listed: `./a` is `a`. Empty for the top folder itself. Raises Unreadable."""
    if any(unicodedata.category(character) == "Cc" for character in name):
        what = "a NUL" if "\0" in name else "a control character"
        raise Unreadable(f"its path holds {what}", path=name)
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        raise Unreadable("its path is absolute", path=name)
    if ".." in _SEPARATORS.split(name):
        raise Unreadable("its path leads out of the archive (..)", path=name)
    path = "/".join(part for part in name.split("/") if part not in ("", "."))
    if len(path.encode("utf-8", "surrogateescape")) > _MOST_BYTES:
        raise Unreadable(f"its path has more than {_MOST_BYTES:,} bytes", path=path[:100])
    return path


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
