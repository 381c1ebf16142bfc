"""A client of DynamoDB that calls an engine of the same process, and a clock that the simulation moves."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import orjson
from botocore.exceptions import ClientError

from bench.engine.operations import Engine, Refused
from registry.adapters.dynamodb.calls import TRIES
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import translate
from registry.adapters.dynamodb.parsing import decode_items, read_answer
from registry.adapters.engine_calls import CallPolicy, EngineCalls

_OPERATIONS = (
    "create_table",
    "update_table",
    "describe_table",
    "update_time_to_live",
    "describe_time_to_live",
    "get_item",
    "query",
    "scan",
    "batch_get_item",
    "batch_write_item",
    "update_item",
    "transact_write_items",
)
_METADATA = {
    "HTTPStatusCode": 200,
    "HTTPHeaders": {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "1"},
}
_DEADLINE_SECONDS = 600.0


class SimulatedClock:
    """Implements `Clock`; begins at the start of an hour."""

    def __init__(self) -> None:
        self.begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds)


class LocalClient:
    """What the adapters use of aioboto3's client."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.calls = 0
        for name in _OPERATIONS:
            operation = "".join(map(str.capitalize, name.split("_")))
            setattr(self, name, partial(self._call, operation))

    async def _call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        self.calls += 1
        # Through JSON, so that the engine holds nothing that the caller may change, and bytes in base64.
        wanted = orjson.loads(orjson.dumps(parameters, default=_base64))
        try:
            answer = self._engine.call(operation, wanted)
        except Refused as refusal:
            raise _error(operation, refusal) from None
        return {**read_answer(orjson.dumps(answer)), "ResponseMetadata": _METADATA}


def open_local_table(engine: Engine) -> tuple[DynamoTable, LocalClient]:
    """A table, not made yet, whose calls end at once."""
    client = LocalClient(engine)
    calls = EngineCalls(CallPolicy("record store", _DEADLINE_SECONDS, tries=TRIES), translate)
    return DynamoTable(cast("Any", client), "simulated", calls=calls), client


def _error(operation: str, refusal: Refused) -> ClientError:
    document = orjson.loads(orjson.dumps(refusal.document))
    known = {name: document[name] for name in ("CancellationReasons", "Item") if name in document}
    decode_items([known, *known.get("CancellationReasons", ())])
    code = document["__type"].rpartition("#")[2]
    response: Any = {"Error": {"Code": code, "Message": document["message"]}, "ResponseMetadata": _METADATA, **known}
    return ClientError(response, operation)


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    raise TypeError(f"not a value of DynamoDB: {type(value).__name__}")
