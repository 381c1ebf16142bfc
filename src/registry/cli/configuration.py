"""The file that remembers which registry to use, and the token for each: readable by its owner only."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from registry.cli.failures import CommandError

_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in somewhere, and by what token."""

    user: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """`server` is used when none is named. A token is sent to the server that gave it and to no other."""

    server: str | None = None
    sessions: Mapping[str, SignedIn] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Self:
        """What the file says; nothing when there is none.

        Raises CommandError when others may read it (the token in it speaks for its owner) or it makes no sense.
        """
        try:
            with path.open(encoding="utf-8") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise CommandError(f"others may read {path}, and with it your token; run: chmod 600 {path}")
                document = json.load(file)
            sessions = {
                server: SignedIn(session["user"], session["token"])
                for server, session in document.get("sessions", {}).items()
            }
            return cls(document.get("server"), sessions)
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"{path} is damaged; remove it and run `registry login` again") from error

    def with_session(self, server: str, session: SignedIn | None) -> Self:
        """A copy that holds `session` for the server (None: none); the server is the one to use from now on."""
        others = {name: kept for name, kept in self.sessions.items() if name != server}
        return replace(self, server=server, sessions={**others, server: session} if session else others)

    def save(self, path: Path) -> None:
        """Put the file in place at once, with mode 0600 from its first byte on. Raises OSError."""
        document = {
            "server": self.server,
            "sessions": {
                server: {"user": session.user, "token": session.token} for server, session in self.sessions.items()
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp's mode is 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def default_path(environment: Mapping[str, str]) -> Path:
    """Where the platform keeps such files: `%APPDATA%` on Windows, else as the XDG base directories say."""
    root = environment.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    folder = Path(root) if root and Path(root).is_absolute() else Path.home() / ".config"
    return folder / "registry" / "config.json"
