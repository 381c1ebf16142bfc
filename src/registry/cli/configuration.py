"""The file that remembers registries, profiles, and the token for each: readable by its owner only."""

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
    """`server`, or the server of `profile` where there is one, is used when none is named. A token is sent to the
    server that gave it and to no other.

    `profiles` are servers by name; each has a session of its own, so that one server can have several users.
    """

    server: str | None = None
    sessions: Mapping[str, SignedIn] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)
    profile: str | None = None

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
            profiles = {name: str(server) for name, server in document.get("profiles", {}).items()}
            profile = document.get("profile")
            return cls(document.get("server"), sessions, profiles, profile if profile in profiles else None)
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CommandError(f"{path} is damaged; remove it and run `registry login` again") from error

    def session_of(self, server: str, profile: str | None) -> SignedIn | None:
        """The session with this server, or of the profile when that is at this server."""
        if profile is not None:
            return self.sessions.get(_key(server, profile)) if self.profiles.get(profile) == server else None
        return self.sessions.get(server)

    def with_session(self, server: str, session: SignedIn | None, *, profile: str | None = None) -> Self:
        """A copy that holds `session` for the server, or for the profile (None: none); it is the one to use from now
        on."""
        key = _key(server, profile)
        others = {name: kept for name, kept in self.sessions.items() if name != key}
        profiles = self.profiles if profile is None else {**self.profiles, profile: server}
        return replace(
            self,
            server=server,
            sessions={**others, key: session} if session else others,
            profiles=profiles,
            profile=profile,
        )

    def without_profile(self, profile: str) -> Self:
        """A copy that has forgotten the profile and its token."""
        key = _key(self.profiles[profile], profile)
        return replace(
            self,
            sessions={name: kept for name, kept in self.sessions.items() if name != key},
            profiles={name: server for name, server in self.profiles.items() if name != profile},
            profile=None if self.profile == profile else self.profile,
        )

    def save(self, path: Path) -> None:
        """Put the file in place at once, with mode 0600 from its first byte on. Raises OSError."""
        document = {
            "server": self.server,
            "profile": self.profile,
            "profiles": dict(self.profiles),
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


def _key(server: str, profile: str | None) -> str:
    # No server is named so: an address has a scheme.
    return server if profile is None else f"profile {profile}"


def default_path(environment: Mapping[str, str]) -> Path:
    """Where the platform keeps such files: `%APPDATA%` on Windows, else as the XDG base directories say."""
    root = environment.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    folder = Path(root) if root and Path(root).is_absolute() else Path.home() / ".config"
    return folder / "registry" / "config.json"
