"""DynamoDB's calls about items, without what aioboto3 does around each of them.

A call by aioboto3 takes 400 µs of CPU: models of parameters, events, a general signer, a general parser and a general
HTTP client. Here a call is its parameters as JSON, signed and sent over connections of its own (see
`http_connections.py`), with the client's endpoint, certificates and time limits and the session's credentials, which
renew themselves. Answers and errors have the same form, so stores, `translate` and `EngineCalls` see no difference; one
suite of tests runs over both.
"""

import zlib
from base64 import b64encode
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import orjson
from aiobotocore.credentials import AioCredentials
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, NoCredentialsError

from registry.adapters.aws_signing import Signing
from registry.adapters.botocore_internals import ResponseParserError, Wire
from registry.adapters.dynamodb.parsing import decode_items, read_answer
from registry.adapters.http_connections import Answer

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

_CONTENT_TYPE = "application/x-amz-json-1.0"
_TARGET = "DynamoDB_20120810."
_BY_CLOCK = frozenset({"InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch"})
"""What DynamoDB answers to a signature of another time, among others."""
_OF_ERRORS = ("CancellationReasons", "Item")


class DirectClient:
    """A client of aioboto3 whose calls about items take the short way; those about the table are the client's own."""

    def __init__(
        self, client: "DynamoDBClient", wire: Wire, credentials: AioCredentials | None, *, ask_for_units: bool
    ) -> None:
        self._wire = wire
        self._credentials = credentials
        self._asked = {"ReturnConsumedCapacity": "TOTAL"} if ask_for_units else {}
        self._signing = Signing("dynamodb", host=wire.host, region=client.meta.region_name)
        self.get_item = partial(self._call, "GetItem")
        self.query = partial(self._call, "Query")
        self.scan = partial(self._call, "Scan")
        self.batch_get_item = partial(self._call, "BatchGetItem")
        self.batch_write_item = partial(self._call, "BatchWriteItem")
        self.update_item = partial(self._call, "UpdateItem")
        self.transact_write_items = partial(self._call, "TransactWriteItems")
        # Calls about the table are few.
        self.create_table = client.create_table
        self.update_table = client.update_table
        self.describe_table = client.describe_table
        self.update_time_to_live = client.update_time_to_live
        self.describe_time_to_live = client.describe_time_to_live
        self.exceptions = client.exceptions
        self.meta = client.meta

    async def _call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        body = orjson.dumps(parameters | self._asked, default=_base64)
        answer = await self._send(operation, body)
        if answer.status >= 300:
            error = self._error_of(operation, answer)
            if not (
                error.response["Error"]["Code"] in _BY_CLOCK
                and self._signing.follow_date(answer.headers.get("date", ""))
            ):
                raise error
            answer = await self._send(operation, body)
            if answer.status >= 300:
                raise self._error_of(operation, answer)
        checksum = answer.headers.get("x-amz-crc32")
        if checksum is not None and checksum != str(zlib.crc32(answer.body)):
            raise ResponseParserError("the answer is not what was sent")
        return {**read_answer(answer.body), "ResponseMetadata": _metadata(answer)}

    async def _send(self, operation: str, body: bytes) -> Answer:
        given = {"content-type": _CONTENT_TYPE, "x-amz-target": _TARGET + operation}
        digest, credentials = sha256(body).hexdigest(), await self._signer()
        headers = self._signing.headers("POST", self._wire.path, given, digest, credentials)
        return await self._wire.send("POST", self._wire.target, headers, body)

    async def _signer(self) -> ReadOnlyCredentials:
        if self._credentials is None:
            raise NoCredentialsError
        # Those that expire are renewed here, in time.
        return await self._credentials.get_frozen_credentials()

    def _error_of(self, operation: str, answer: Answer) -> ClientError:
        """The error that aioboto3 would raise, as far as its members are read."""
        try:
            members = orjson.loads(answer.body)
        except ValueError:
            members = None
        if not isinstance(members, dict):
            members = {}
        code = str(members.get("__type") or answer.status).rpartition("#")[2].partition(":")[0]
        message = members.get("message", members.get("Message", ""))
        known = {name: members[name] for name in _OF_ERRORS if name in members}
        decode_items([known, *known.get("CancellationReasons", ())])
        response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": _metadata(answer), **known}
        kind: type[ClientError] = cast("Any", self.exceptions).from_code(code)
        return kind(response, operation)


def _metadata(answer: Answer) -> dict[str, Any]:
    return {"HTTPStatusCode": answer.status, "HTTPHeaders": answer.headers}


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    raise TypeError(f"not a value of DynamoDB: {type(value).__name__}")
