"""What content is called and what it is said to be, where its publisher does not say."""

import re

from registry.formats.archives.kinds import ArchiveKind

KINDS: dict[ArchiveKind | None, tuple[str, str]] = {
    ArchiveKind.ZIP: (".zip", "application/zip"),
    ArchiveKind.TAR: (".tar", "application/x-tar"),
    ArchiveKind.TAR_GZ: (".tar.gz", "application/gzip"),
    None: ("", "application/octet-stream"),
}
"""A file name's ending and the media type, by what the first bytes look like."""


def safe_filename(text: str) -> str:
    """The last part of a client's file name, without what no file system or header should meet; at most 255."""
    last = re.split(r"[/\\]", text)[-1]
    name = "".join(character for character in last if character.isprintable())[-255:].strip()
    return "content" if name.strip(".") == "" else name
