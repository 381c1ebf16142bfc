"""The file name in a `Content-Disposition` header (RFC 6266), however odd the header is."""

import re
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(
    r';\s*(?P<name>filename\*?)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^;\s]*))', re.IGNORECASE
)
_MOST_CHARACTERS = 8_192
_CHARSETS = frozenset({"utf-8", "iso-8859-1"})
"""Those that RFC 8187 and its predecessor name."""


def disposed_filename(header: str) -> str | None:
    """The name that the header gives, as the other server wrote it; None where it gives none that can be read.

    `filename*` counts more than `filename`, unless its charset or its form is unknown.
    """
    plain = None
    for found in _PARAMETER.finditer(header[:_MOST_CHARACTERS]):
        value = found["token"] if found["quoted"] is None else re.sub(r"\\(.)", r"\1", found["quoted"])
        if found["name"].endswith("*"):
            if extended := _extended(value):
                return extended
        elif plain is None:
            plain = value
    return plain or None


def _extended(value: str) -> str | None:
    """The text of `charset'language'percent-encoded`. Wrong bytes show as replacement characters."""
    charset, quote, rest = value.partition("'")
    _language, second_quote, encoded = rest.partition("'")
    if not quote or not second_quote or charset.lower() not in _CHARSETS:
        return None
    return unquote_to_bytes(encoded.encode("latin-1", "replace")).decode(charset, "replace") or None
