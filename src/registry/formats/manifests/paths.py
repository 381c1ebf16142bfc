"""Which paths in an archive are dangerous: those that lead out of a folder, or that programs read in two ways."""

import re
import unicodedata

from registry.formats.manifests.problems import Unreadable

_MOST_BYTES = 4096
"""PATH_MAX of Linux: no file system takes a longer one."""
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")


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
    if len(path.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise Unreadable(f"its path has more than {_MOST_BYTES:,} bytes", path=path[:100])
    return path


def decoded_name(raw: bytes, *, otherwise: str) -> str:
    """A name in UTF-8, or where it is not, in the encoding `otherwise`, which gives every byte a character."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(otherwise)
