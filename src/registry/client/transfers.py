"""How large files travel."""

import hashlib
import json
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

MIB = 1024 * 1024


def default_state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where unfinished uploads are remembered: `registry/uploads` in the user's folder for such things."""
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "registry" / "uploads"
    return Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "registry" / "uploads"


@dataclass(frozen=True, slots=True)
class Transfers:
    """When files are sent in parts and fetched in ranges, and how many of them at a time.

    Of an upload, `upload_streams` parts are being sent at a time, and up to `unacknowledged_parts` more have been sent
    and wait for the registry to say that they are durable: a broken connection, or a killed client, costs no more than
    one part for each stream.
    """

    parts_above_bytes: int = 64 * MIB
    upload_streams: int = 1
    unacknowledged_parts: int = 4
    ranges_above_bytes: int = 64 * MIB
    range_bytes: int = 16 * MIB
    download_streams: int = 4
    state_folder: Path = field(default_factory=default_state_folder)


class RememberedUpload:
    """The key under which an upload was opened, in a small file that a killed client leaves behind.

    Opening again under the same key gives the same upload, so that the key is all there is to remember, and there is
    no moment at which an upload is open and nobody knows.
    """

    def __init__(self, path: Path, key: str, *, is_new: bool) -> None:
        self._path = path
        self.key = key
        self.is_new = is_new

    @classmethod
    def of(cls, folder: Path, request: Mapping[str, Any], *, server: str, resume: bool) -> Self:
        """What was left of this request to this server, if it is to be resumed; else a fresh key. Raises OSError."""
        named = hashlib.sha256(json.dumps([server, request], sort_keys=True).encode()).hexdigest()
        path = folder / f"{named}.json"
        if resume:
            try:
                return cls(path, str(json.loads(path.read_text())["key"]), is_new=False)
            except (OSError, ValueError, KeyError, TypeError):
                pass  # nothing is left, or nothing that helps
        return cls.fresh(path)

    @classmethod
    def fresh(cls, path: Path) -> Self:
        """A new key, kept before it is used. Raises OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = str(uuid.uuid4())
        draft = path.with_name(f"{path.name}.{key}")
        draft.write_text(json.dumps({"key": key}))
        draft.replace(path)
        return cls(path, key, is_new=True)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
