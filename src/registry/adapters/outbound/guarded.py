"""Connections to addresses that strangers name, and no way from there into the network of this host.

A name is resolved here, every address is judged, and the connection goes to the judged address itself: what the name
resolves to a moment later (DNS rebinding) does not matter.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import httpx

_SCHEMES = frozenset({"http", "https"})


class RefusedAddress(Exception):
    """The address must not be reached. Its text is fit for users."""


@dataclass(frozen=True, slots=True)
class GuardedResolver:
    """`allow_private` lets private, loopback and link-local addresses through (a setting, for tests and intranets)."""

    allow_private: bool

    async def pin(self, url: httpx.URL) -> str:
        """An address of the URL's host that may be reached. Raises RefusedAddress, OSError when there is none."""
        if url.scheme not in _SCHEMES or not url.host:
            raise RefusedAddress("only http and https URLs with a host can be reached")
        if url.userinfo:
            raise RefusedAddress("a URL with a name and password is not reached; leave them out")
        port = url.port or (443 if url.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not self.allow_private:
            for address in addresses:
                _judge(address)
        return addresses[0]


def _judge(address: str) -> None:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None) or parsed
    if not inner.is_global or inner.is_multicast:
        raise RefusedAddress("its host has a private, loopback or link-local address, which is not reached")


def pinned_request(
    client: httpx.AsyncClient,
    method: str,
    url: httpx.URL,
    address: str,
    *,
    headers: dict[str, str],
    content: bytes = b"",
) -> httpx.Request:
    """A request to `address` that names and (by TLS) verifies the URL's own host."""
    host = url.netloc.decode("ascii").rpartition("@")[2]
    return client.build_request(
        method,
        url.copy_with(host=address),
        headers={**headers, "Host": host},
        content=content or None,
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )
