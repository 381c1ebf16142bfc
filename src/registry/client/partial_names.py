"""Names of files beside a download. They are this client's own: a user's `NAME.part` is left alone."""

import hashlib
import os
from pathlib import Path

_ENDING = ".registry-part"
_MAX_NAME_BYTES = 255
"""What the common file systems allow."""
_LONGEST_ENDING_BYTES = len(_ENDING) + len(".ranges")


def partial_path(destination: Path, ending: str = "") -> Path:
    """Where the bytes of an unfinished download are kept, or with an ending what is known of them."""
    name = shortened(destination.name, _MAX_NAME_BYTES - _LONGEST_ENDING_BYTES)
    return destination.with_name(name + _ENDING + ending)


def shortened(name: str, size: int) -> str:
    """The name in at most `size` bytes. A longer one has a digest in place of its middle."""
    encoded = os.fsencode(name) if _is_from_the_file_system(name) else name.encode(errors="replace")
    if len(encoded) <= size:
        return name
    digest = f"~{hashlib.sha256(encoded).hexdigest()[:16]}~"
    stem, dot, suffix = name.rpartition(".")
    kept = f"{dot}{suffix}" if stem and len(suffix.encode(errors="replace")) <= 16 else ""
    left = size - len(digest) - len(kept.encode(errors="replace"))
    return encoded[:left].decode(errors="ignore") + digest + kept


def _is_from_the_file_system(name: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in name)
