"""The client's address where a proxy gives it in a header of its own, as CloudFront does."""

from ipaddress import ip_address

from starlette.types import Scope


def with_client_address(scope: Scope, header: bytes) -> Scope:
    """The scope with the address and port of the header (lower case), or as it was where there is none.

    `CloudFront-Viewer-Address` is `203.0.113.7:46532`, IPv6 likewise. X-Forwarded-For is no help there: it ends with
    an address of CloudFront's, which no list of trusted proxies can hold.
    """
    for name, value in scope["headers"]:
        if name == header:
            host, _, port = value.decode("latin-1").rpartition(":")
            try:
                address = str(ip_address(host.strip("[]")))
                return {**scope, "client": (address, int(port))}
            except ValueError:
                return scope
    return scope
