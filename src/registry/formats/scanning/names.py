"""Names in archives that no honest tool writes."""

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_MAX_NAME = 1024


def odd_name(name: str) -> str | None:
    """Why unpacking under this name could write elsewhere or hide the file; None for ordinary names."""
    if len(name) > _MAX_NAME:
        return f"its name is longer than {_MAX_NAME:,} characters"
    if not name or any(ord(character) < 32 or character == "\x7f" for character in name):
        return "its name is empty or has control characters"
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or _DRIVE.match(name):
        return "its name leads out of the archive"
    return None
