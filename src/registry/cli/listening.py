"""The sockets of a server: bound before anything else happens, so that a busy port costs nothing."""

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from registry.cli.failures import CommandError

_BACKLOG = 2048
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 – compared, not listened on
_PORTS_TRIED = 20


@dataclass(frozen=True, slots=True)
class Listening:
    """Sockets that listen; `url` is where a browser on this machine finds them."""

    sockets: Sequence[socket.socket]
    url: str
    port: int


def listen(host: str, port: int) -> Listening:
    """Listen on every address of `host`; port 0 is any free one. Raises CommandError that says what to do instead."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise CommandError(f"{host!r} is no address; --host takes one of this machine, such as 127.0.0.1") from None
    addresses = list(dict.fromkeys((family, place[0]) for family, _, _, _, place in found))
    sockets: list[socket.socket] = []
    try:
        for family, address in addresses:
            sockets.append(_bound(family, str(address), port))
            port = sockets[0].getsockname()[1]
    except OSError as error:
        for each in sockets:
            each.close()
        raise CommandError(_explain(error, host, port)) from error
    seen = _EVERY_ADDRESS.get(host, host)
    return Listening(sockets, f"http://{f'[{seen}]' if ':' in seen else seen}:{port}", port)


def _bound(family: int, address: str, port: int) -> socket.socket:
    """Listening already: who connects before the first worker is ready waits for it and is not refused."""
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
        bound.listen(_BACKLOG)
        bound.set_inheritable(True)
    except OSError:
        bound.close()
        raise
    return bound


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use, perhaps by another registry; stop that, or choose another port: "
            f"registry serve --port {_free_port_after(host, port)}"
        )
    if error.errno == errno.EACCES:
        return f"port {port} is for privileged programs; choose one from 1024 on: registry serve --port 8000"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; --host takes one that is, such as 127.0.0.1"
    return f"{host}:{port} cannot be listened on: {error.strerror or error}"


def _free_port_after(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port + 1, min(port + 1 + _PORTS_TRIED, 65536)):
        try:
            _bound(family, host, candidate).close()
        except OSError:
            continue
        return candidate
    return 0  # any free one
