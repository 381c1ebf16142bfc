"""Tokens that other programs keep: the system's keyring, and ~/.netrc."""

import importlib
import netrc
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from registry.cli.failures import CommandError

KEYRING_SERVICE = "registry"


def find_token(server: str, environment: Mapping[str, str]) -> str | None:
    """The token that the keyring, else ~/.netrc, has for this server. Raises CommandError for a file with mistakes."""
    return _from_keyring(server) or _from_netrc(server, environment)


def _from_keyring(server: str) -> str | None:
    """What is kept under the service `registry` and the server's address. Nothing where no keyring is installed."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    try:
        token: str | None = keyring.get_password(KEYRING_SERVICE, server)
    except Exception:  # noqa: BLE001 – keyrings fail in ways of their own, and a locked one is no reason to stop
        return None
    return token or None


def _from_netrc(server: str, environment: Mapping[str, str]) -> str | None:
    """The password of the server's host, as git and curl would take it."""
    host = urlsplit(server).hostname
    path = Path(environment.get("NETRC") or Path.home() / ("_netrc" if os.name == "nt" else ".netrc"))
    if host is None or not path.is_file():
        return None
    try:
        entry = netrc.netrc(path).hosts.get(host)
    except (netrc.NetrcParseError, OSError) as error:
        raise CommandError(f"{path} cannot be used: {error}") from error
    return entry[2] or None if entry else None
