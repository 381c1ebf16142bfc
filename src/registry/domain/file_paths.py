"""Which paths of files are dangerous: those that lead out of a folder, or that programs read in two ways."""

import re
import unicodedata

MOST_BYTES = 4096
"""PATH_MAX of Linux: no file system takes a longer path."""
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")


def danger_of(path: str) -> str | None:
    """What is wrong with the path, to follow "its path", or None."""
    if any(unicodedata.category(character) == "Cc" for character in path):
        return "holds a NUL" if "\0" in path else "holds a control character"
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        return "is absolute"
    if ".." in _SEPARATORS.split(path):
        return "leads out of the archive (..)"
    if len(path.encode("utf-8", "surrogateescape")) > MOST_BYTES:
        return f"has more than {MOST_BYTES:,} bytes"
    return None
