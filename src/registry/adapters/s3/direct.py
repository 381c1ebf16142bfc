"""S3's calls about one small object, without what aioboto3 does around each of them.

A call by aioboto3 resolves the endpoint by rules, builds and parses by models and signs from the beginning: five times
the CPU of sending it. Here the bucket's endpoint is resolved once. Answers and errors have the same form, so
`translate` and `EngineCalls` see no difference. What such a call cannot do is left to aioboto3: where S3 says that the
bucket is elsewhere, it knows how to follow. `REGISTRY_S3_CLIENT=aioboto3` leaves all to it.
"""

from binascii import a2b_base64
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, cast

from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.parsers import create_parser

from registry.adapters.aws_signing import Signing
from registry.adapters.botocore_internals import Wire
from registry.adapters.http_connections import Answer

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        DeleteObjectOutputTypeDef,
        HeadObjectOutputTypeDef,
        PutObjectOutputTypeDef,
    )

SMALL_BYTES = 256 * 1024
"""Bodies up to this size are sent so: they are copied into memory once more."""
_NOTHING = sha256(b"").hexdigest()
_BY_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_ELSEWHERE = frozenset({"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"})
_GOOD = range(200, 300)
_REDIRECTED = range(300, 400)


class Objects(Protocol):
    """Calls about one object. They raise what aioboto3 raises."""

    async def put_object(self, key: str, body: BytesIO, *, checksum: str) -> "PutObjectOutputTypeDef":
        """`checksum` is the SHA-256 of the whole body, in base64."""

    async def delete_object(self, key: str) -> "DeleteObjectOutputTypeDef": ...

    async def head_object(self, key: str) -> "HeadObjectOutputTypeDef": ...


class ClientObjects:
    """Implements `Objects` by aioboto3's client."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self._bucket = bucket

    async def put_object(self, key: str, body: BytesIO, *, checksum: str) -> "PutObjectOutputTypeDef":
        return await self.client.put_object(Bucket=self._bucket, Key=key, Body=body, ChecksumSHA256=checksum)

    async def delete_object(self, key: str) -> "DeleteObjectOutputTypeDef":
        return await self.client.delete_object(Bucket=self._bucket, Key=key)

    async def head_object(self, key: str) -> "HeadObjectOutputTypeDef":
        return await self.client.head_object(Bucket=self._bucket, Key=key)


class DirectObjects:
    """Implements `Objects` for bodies of up to `SMALL_BYTES`. Keys are texts that a URL need not escape."""

    def __init__(self, indirect: ClientObjects, wire: Wire, credentials: AioCredentials | None, *, region: str) -> None:
        self._indirect = indirect
        self._wire = wire
        self._credentials = credentials
        self._signing = Signing("s3", host=wire.host, region=region)
        self._path = wire.target.rstrip("/")
        self._parser: Any = create_parser("rest-xml")

    async def put_object(self, key: str, body: BytesIO, *, checksum: str) -> "PutObjectOutputTypeDef":
        sent, sha256_hex = body.getvalue(), a2b_base64(checksum).hex()
        answer = await self._call("PUT", key, sent, sha256_hex, {"x-amz-checksum-sha256": checksum})
        if answer is None:
            return await self._indirect.put_object(key, body, checksum=checksum)
        return cast("PutObjectOutputTypeDef", {"ETag": answer.headers.get("etag", ""), **_metadata(answer)})

    async def delete_object(self, key: str) -> "DeleteObjectOutputTypeDef":
        answer = await self._call("DELETE", key)
        if answer is None:
            return await self._indirect.delete_object(key)
        return cast("DeleteObjectOutputTypeDef", _metadata(answer))

    async def head_object(self, key: str) -> "HeadObjectOutputTypeDef":
        answer = await self._call("HEAD", key)
        if answer is None:
            return await self._indirect.head_object(key)
        length = int(answer.headers.get("content-length", 0))
        return cast("HeadObjectOutputTypeDef", {"ContentLength": length, **_metadata(answer)})

    async def _call(
        self, method: str, key: str, body: bytes = b"", digest: str = _NOTHING, headers: dict[str, str] | None = None
    ) -> Answer | None:
        """S3's good answer; None where it says that the bucket is elsewhere. Raises ClientError."""
        answer = await self._send(method, key, body, digest, headers or {})
        if answer.status in _GOOD:
            return answer
        error = self._error_of(method, answer)
        code = error.response["Error"]["Code"]
        if code in _BY_CLOCK and self._signing.follow_date(answer.headers.get("date", "")):
            answer = await self._send(method, key, body, digest, headers or {})
            if answer.status in _GOOD:
                return answer
            error = self._error_of(method, answer)
        if answer.status in _REDIRECTED or error.response["Error"]["Code"] in _ELSEWHERE:
            return None
        raise error

    async def _send(self, method: str, key: str, body: bytes, digest: str, headers: dict[str, str]) -> Answer:
        if self._credentials is None:
            raise NoCredentialsError
        # Those that expire are renewed here, in time.
        credentials = await self._credentials.get_frozen_credentials()
        path = f"{self._path}/{key}"
        given = {**headers, "x-amz-content-sha256": digest}
        return await self._wire.send(
            method, path, self._signing.headers(method, path, given, digest, credentials), body
        )

    def _error_of(self, method: str, answer: Answer) -> ClientError:
        response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
        parsed = self._parser.parse(response, None)
        kind: type[ClientError] = cast("Any", self._indirect.client.exceptions).from_code(
            parsed["Error"].get("Code", "")
        )
        return kind(parsed, method)


def _metadata(answer: Answer) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPStatusCode": answer.status, "HTTPHeaders": answer.headers}}
