"""Media types (RFC 9110, section 8.3.1): ASCII, since they go out in a header."""

import re

MAX_MEDIA_TYPE_LENGTH = 127
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
MEDIA_TYPE_PATTERN = rf'^{_WORD}/{_WORD}([ \t]*;[ \t]*{_WORD}=({_WORD}|"[ !#-\[\]-~]*"))*$'
UNKNOWN = "application/octet-stream"
_MEDIA_TYPE = re.compile(MEDIA_TYPE_PATTERN)


def is_media_type(text: str) -> bool:
    return len(text) <= MAX_MEDIA_TYPE_LENGTH and _MEDIA_TYPE.fullmatch(text) is not None


def or_unknown(text: str) -> str:
    """`text`, or `application/octet-stream` where no header can hold it: old records were not checked."""
    return text if is_media_type(text) else UNKNOWN
