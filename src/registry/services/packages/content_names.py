"""What content is called and what it is said to be, where its publisher does not say."""

import re

from registry.domain.media_types import UNKNOWN, is_media_type
from registry.formats.archives.kinds import ArchiveKind

KINDS: dict[ArchiveKind | None, tuple[str, str]] = {
    ArchiveKind.ZIP: (".zip", "application/zip"),
    ArchiveKind.TAR: (".tar", "application/x-tar"),
    ArchiveKind.TAR_GZ: (".tar.gz", "application/gzip"),
    None: ("", "application/octet-stream"),
}
"""A file name's ending and the media type, by what the first bytes look like."""


def checked_media_type(text: str | None, *, otherwise: str = UNKNOWN) -> str:
    """The media type, its name in lower case; `otherwise` where it is none by RFC 9110, section 8.3.1.

    It goes back out in a header, where anything else makes an answer that cannot be sent.
    """
    name, semicolon, parameters = (text or "").strip().partition(";")
    found = name.lower() + semicolon + parameters
    return found if is_media_type(found) else otherwise


def safe_filename(text: str) -> str:
    """The last part of any file name that was given, as file systems and headers take it; at most 255 characters."""
    last = re.split(r"[/\\]", text)[-1]
    name = "".join(character for character in last if character.isprintable())[-255:].strip()
    return "content" if name.strip(".") == "" else name
