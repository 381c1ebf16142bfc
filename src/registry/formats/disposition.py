"""The header Content-Disposition of a download (RFC 6266), wherever it is served from."""

import re
from urllib.parse import quote

_UNSAFE = re.compile(r"[^ !#-$&-\[\]-~]")
"""What the quoted form cannot hold everywhere: not ASCII, controls, quotes, backslashes and percent signs."""
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""Besides letters and digits, what RFC 8187 lets stand unescaped."""


def attachment(filename: str) -> str:
    """`filename` for every browser: an ASCII likeness, and the true name where the two differ (RFC 8187)."""
    likeness = _UNSAFE.sub("_", filename)
    header = f'attachment; filename="{likeness}"'
    if likeness == filename:
        return header
    return f"{header}; filename*=UTF-8''{quote(filename, safe=_ATTRIBUTE_CHARACTERS)}"
