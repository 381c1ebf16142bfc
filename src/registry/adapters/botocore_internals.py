"""What DynamoDB's and S3's adapters use of the inside of botocore: events and classes that it does not document.

`tests/unit/test_botocore_internals.py` fails by name when a new version changes one of them.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientResponse, ClientSession
from botocore import auth
from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError
from yarl import URL

__all__ = ["ResponseParserError", "Wire", "change_parameters", "open_wire", "parse_answers", "send_bodies_at_once"]


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
    """A client's endpoint, with the HTTP session that its calls go over. `host` and `path` as they are signed."""

    url: URL
    host: str
    path: str
    session: ClientSession
    proxy: str | None
    proxy_headers: Mapping[str, str]

    def post(self, body: bytes, headers: Mapping[str, str]) -> AbstractAsyncContextManager[ClientResponse]:
        """Send a request. Raises aiohttp's errors."""
        return self.session.post(
            self.url,
            data=body,
            headers={**headers, "accept-encoding": "identity", "user-agent": "registry"},
            proxy=self.proxy,
            proxy_headers=self.proxy_headers,
            allow_redirects=False,
        )


async def open_wire(client: Any) -> Wire:
    """The wire of an open client of a service whose calls all go to one URL."""
    url: str = client.meta.endpoint_url
    http = client._endpoint.http_session  # noqa: SLF001
    proxy: str | None = http._proxy_config.proxy_url_for(url)  # noqa: SLF001
    signer: Any = auth
    path: str = signer.SigV4Auth(None, "", "")._normalize_url_path(urlsplit(url).path)  # noqa: SLF001
    return Wire(
        url=URL(url, encoded=True),
        host=signer._host_from_url(url),  # noqa: SLF001
        path=path,
        session=await http._get_session(proxy),  # noqa: SLF001
        proxy=proxy,
        proxy_headers=http._proxy_config.proxy_headers_for(proxy) if proxy else {},  # noqa: SLF001
    )
