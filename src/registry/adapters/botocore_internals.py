"""What DynamoDB's and S3's adapters use of the inside of botocore: events and classes that it does not document.

`tests/unit/test_botocore_internals.py` fails by name when a new version changes one of them.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore import auth
from botocore.handlers import add_expect_header
from botocore.httpsession import get_cert_path
from botocore.parsers import ResponseParserError

from registry.adapters.http_connections import Answer, HttpConnections

__all__ = [
    "ResponseParserError",
    "Wire",
    "change_parameters",
    "open_wire",
    "parse_answers",
    "resolve_bucket",
    "send_bodies_at_once",
]

_SENT_WITH_ALL = "accept-encoding: identity\r\nuser-agent: registry\r\n"


def send_bodies_at_once(client: Any) -> None:
    """Send no `Expect: 100-continue` with uploads.

    It costs a round trip for each part (30 instead of 40 ms for 8 MiB on loopback), and a server that ignores it would
    hold the part until the deadline.
    """
    client.meta.events.unregister("before-call.s3", add_expect_header)


def parse_answers(client: Any, operations: Iterable[str], parse: Callable[..., None]) -> None:
    """Have `parse` read the answers of these calls of DynamoDB in place of botocore's parser.

    It is called with `response_dict` (status_code, headers, body) and fills `customized_response_dict`. Reading items
    so takes half of the CPU of a page of packages.
    """
    for operation in operations:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", parse)


def change_parameters(client: Any, change: Callable[..., None]) -> None:
    """Have `change` complete the `params` of each call of DynamoDB; `model.input_shape.members` are those it takes."""
    client.meta.events.register("before-parameter-build.dynamodb", change)


@dataclass(frozen=True, slots=True)
class Wire:
    """Where a client's calls go: the URL's path as it is sent (`target`) and as it is signed (`path`), and its host."""

    target: str
    host: str
    path: str
    connections: HttpConnections

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request. Raises OSError."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"{method} {target} HTTP/1.1\r\n{lines}{_SENT_WITH_ALL}content-length: {len(body)}\r\n\r\n"
        return await self.connections.send(head.encode("latin-1"), body, head_only=method == "HEAD")


@asynccontextmanager
async def open_wire(client: Any, url: str) -> AsyncIterator[Wire | None]:
    """A wire to the URL that calls of an open client go to, with connections of its own.

    Certificates, time limits and the number of connections are the client's. None where the client does what these
    connections do not: a proxy, or TLS without a check of certificates.
    """
    http = client._endpoint.http_session  # noqa: SLF001
    if http._proxy_config.proxy_url_for(url) or not http._verify:  # noqa: SLF001
        yield None
        return
    parts = urlsplit(url)
    signer: Any = auth
    connections = HttpConnections(
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
        tls=_tls(http) if parts.scheme == "https" else None,
        limit=http._max_pool_connections,  # noqa: SLF001
        connect_seconds=http._timeout.sock_connect,  # noqa: SLF001
        read_seconds=http._timeout.sock_read,  # noqa: SLF001
    )
    try:
        yield Wire(
            target=parts.path or "/",
            host=signer._host_from_url(url),  # noqa: SLF001
            path=signer.SigV4Auth(None, "", "")._normalize_url_path(parts.path),  # noqa: SLF001
            connections=connections,
        )
    finally:
        connections.close()


async def resolve_bucket(client: Any, bucket: str) -> tuple[str, str] | None:
    """The URL of a bucket's objects and the region that their calls are signed for.

    None where calls are not signed as usual, as those of directory buckets and access points in other regions.
    """
    region = client.meta.region_name
    model, context = client.meta.service_model.operation_model("DeleteObject"), {"client_region": region}
    url, headers, properties = await client._resolve_endpoint_ruleset(  # noqa: SLF001
        model, {"Bucket": bucket, "Key": "key"}, context
    )
    schemes = (properties or {}).get("authSchemes") or [{}]
    scheme = {"name": "sigv4", "signingName": "s3", "signingRegion": region, **schemes[0]}
    if headers or scheme["name"] != "sigv4" or scheme["signingName"] != "s3":
        return None
    return url, scheme["signingRegion"]


def _tls(http: Any) -> ssl.SSLContext:
    """As the client's own, which trusts a bundle of certificates; the name of the host is checked, too."""
    tls = ssl.create_default_context(cafile=get_cert_path(http._verify))  # noqa: SLF001
    if http._cert_file:  # noqa: SLF001
        tls.load_cert_chain(http._cert_file, http._key_file)  # noqa: SLF001
    return tls
