"""Connections to addresses that users name, and no way from there into the network of this host.

A name is resolved here, every address is judged, and the connection goes to the judged address itself: what the name
resolves to a moment later (DNS rebinding) does not matter.
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

_NAME_THREADS = 16
_SCHEMES = frozenset({"http", "https"})


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address that a gateway reaches."""
_REFUSED_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # RFC 6890: some clouds keep their metadata there
            "192.88.99.0/24",  # RFC 7526: relays to 6to4, which is no more
            "fec0::/10",  # RFC 3879: site-local, routed within some sites still
            "2001::/32",  # Teredo, RFC 4380: carries an IPv4 address, scrambled
            "64:ff9b:1::/48",  # RFC 8215: translation within a site
            "3fff::/20",  # RFC 9637: documentation
        ),
    )
)
"""What Python's `ipaddress` takes for global, in some version or in all."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and a port to its addresses. Raises OSError when there is none."""


class RefusedAddress(Exception):
    """The address must not be reached. Its text is fit for users."""


class SystemNames:
    """Resolves as this host does.

    In threads of its own: names that take long must not hold up who waits for a thread to write a file.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_NAME_THREADS, thread_name_prefix="names")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        def look_up() -> list[str]:
            return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        return await asyncio.get_running_loop().run_in_executor(self._threads, look_up)


@dataclass(frozen=True, slots=True)
class GuardedResolver:
    """`allow_private` lets private, loopback and link-local addresses through (a setting, for tests and intranets)."""

    allow_private: bool
    resolve: Resolve = field(default_factory=SystemNames)

    async def pin(self, url: httpx.URL) -> str:
        """An address of the URL's host that may be reached. Raises RefusedAddress, OSError when there is none."""
        if url.scheme not in _SCHEMES or not url.host:
            raise RefusedAddress("only http and https URLs with a host can be reached")
        if url.userinfo:
            raise RefusedAddress("a URL with a name and password is not reached; leave them out")
        port = url.port or (443 if url.scheme == "https" else 80)
        host = url.raw_host.decode("ascii")
        if not self.allow_private:
            _judge_spelling(host)
        addresses = await self.resolve(host, port)
        if not addresses:
            raise OSError("the name has no address")
        if not self.allow_private:
            for address in addresses:
                _judge(address)
        return addresses[0]


def _judge_spelling(host: str) -> None:
    """Refuse hosts whose spelling serves to get around lists: no honest URL needs it.

    A dot at the end names the same host for a resolver, but another one for whoever compares names. Numbers that are
    not four decimal ones (`2130706433`, `0x7f.1`, `0177.0.0.1`) are read differently by different programs. IPv6
    literals may carry an IPv4 address for a gateway.
    """
    literal = _literal(host)
    last = host.rpartition(".")[2]
    is_number = last.isdigit() or last[:2].lower() == "0x"
    carries = isinstance(literal, ipaddress.IPv6Address) and _embedded_ipv4(literal) is not literal
    if host.endswith(".") or (is_number and literal is None) or carries:
        raise _refused()


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _judge(address: str) -> None:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded_ipv4(parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
    # `is_reserved` holds for ::/8 and with it for the obsolete ::127.0.0.1.
    refused = not inner.is_global or inner.is_multicast or inner.is_reserved
    if refused or any(address in network for network in _REFUSED_NETWORKS for address in (parsed, inner)):
        raise _refused()


def _refused() -> RefusedAddress:
    return RefusedAddress("its host has a private, loopback or link-local address, which is not reached")


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


@functools.cache
def trusted_authorities() -> ssl.SSLContext:
    """Certificate authorities as httpx has them. Reading them takes 25 ms, so clients share them."""
    return httpx.create_ssl_context(trust_env=False)


def guarded_client(*, timeout_seconds: float) -> httpx.AsyncClient:
    """A client for pinned requests, each on a connection of its own; the time-out is for each step of a transfer.

    Several servers may live at one address: a connection that was verified as one of them must not carry a request to
    another, nor may a cookie.
    """
    return httpx.AsyncClient(
        timeout=timeout_seconds,
        trust_env=False,
        verify=trusted_authorities(),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


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
