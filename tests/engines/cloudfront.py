"""An imitation of CloudFront's API over HTTP: it verifies signatures, and keeps what it was asked to invalidate.

The signature is computed here from AWS's description of version 4, not by the library that the registry signs with.
Limits are those of the documentation (2026-11): a tag has up to 256 visible ASCII characters without a comma.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

from tests.engines.imitating import Imitation, serving

VERSION = "2020-05-31"
_NAMES = {"c": f"http://cloudfront.amazonaws.com/doc/{VERSION}/"}
_TAG = re.compile(r"#[!-+\--~]{1,256}")
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>(?P<day>\d{8})/us-east-1/cloudfront/aws4_request), "
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_ERROR = (
    '<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error>'
    "<Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)
_CREATED = (
    '<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>{id}</Id>'
    "<Status>InProgress</Status><CreateTime>2026-11-30T00:00:00Z</CreateTime>{batch}</Invalidation>"
)


@dataclass(slots=True)
class CloudFront:
    url: str
    secrets: dict[str, str]
    """Secret keys by the ids of access keys."""
    distribution_id: str = "E1ABCDEFGHIJKL"
    failures: list[tuple[int, str]] = field(default_factory=list)
    """Statuses and codes of the next answers."""
    invalidations: dict[str, list[str]] = field(default_factory=dict)
    """Items by the caller's reference."""
    refused: list[str] = field(default_factory=list)
    """Why requests were refused, but for `failures`."""

    @property
    def items(self) -> list[str]:
        """All that was invalidated, in order."""
        return [item for items in list(self.invalidations.values()) for item in items]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        if self.failures:
            status, code = self.failures.pop(0)
            return status, _ERROR.format(code=code)
        if not self._is_signed(method, path, headers, body):
            return self._refuse(403, "SignatureDoesNotMatch")
        if (method, path) != ("POST", f"/{VERSION}/distribution/{self.distribution_id}/invalidation"):
            return self._refuse(404, "NoSuchDistribution")
        batch = ElementTree.fromstring(body)  # noqa: S314 - the registry's own
        items = [item.text or "" for item in batch.findall("c:Paths/c:Items/c:Path", _NAMES)]
        reference = batch.findtext("c:CallerReference", "", _NAMES)
        quantity = batch.findtext("c:Paths/c:Quantity", "", _NAMES)
        if not reference or quantity != str(len(items)) or not all(map(_TAG.fullmatch, items)):
            return self._refuse(400, "InvalidArgument")
        if self.invalidations.setdefault(reference, items) != items:
            return self._refuse(400, "InvalidationBatchAlreadyExists")
        return 201, _CREATED.format(id=f"I{len(self.invalidations)}", batch="")

    def _refuse(self, status: int, code: str) -> tuple[int, str]:
        self.refused.append(code)
        return status, _ERROR.format(code=code)

    def _is_signed(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
        found = _SCOPE.fullmatch(headers.get("authorization", ""))
        if found is None or found["key"] not in self.secrets:
            return False
        names = found["headers"].split(";")
        if not {"host", "x-amz-date"} <= set(names):
            return False
        lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in names)
        request = "\n".join((method, path, "", lines, found["headers"], hashlib.sha256(body).hexdigest()))
        signed = "\n".join(
            ("AWS4-HMAC-SHA256", headers["x-amz-date"], found["scope"], hashlib.sha256(request.encode()).hexdigest())
        )
        key = f"AWS4{self.secrets[found['key']]}".encode()
        for part in (found["day"], "us-east-1", "cloudfront", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, signed.encode(), "sha256").hex(), found["signature"])


@contextmanager
def running_cloudfront(secrets: dict[str, str]) -> Iterator[CloudFront]:
    """The API on a free port, for these access keys."""

    class Handler(Imitation):
        def do_POST(self) -> None:
            body = self.read_body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = cloudfront.answer("POST", self.path, headers, body)
            self.respond(status, text.encode(), "text/xml")

    with serving(Handler) as url:
        cloudfront = CloudFront(url, secrets)
        yield cloudfront
