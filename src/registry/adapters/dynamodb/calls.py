"""What is DynamoDB's own about calls to it: what is tried how often, what a good answer has, what it consumed."""

from collections.abc import Callable, Mapping
from typing import Any

from registry.adapters.dynamodb.errors import EngineConflict
from registry.adapters.engine_calls import CallPolicy, EngineDown, EngineThrottling

OnUnits = Callable[[str, float], None]
"""Called with the operation's name and the capacity units that DynamoDB says a call consumed."""

OnDate = Callable[[str, float], None]
"""Called with the `Date` of an answer, and how many seconds after the call began it came."""

TRIES: dict[type[Exception], int] = {EngineThrottling: 4, EngineConflict: 12, EngineDown: 2}


def call_policy(deadline_seconds: float) -> CallPolicy:
    """The client times each try."""
    return CallPolicy("record store", deadline_seconds, tries=TRIES)


def ask_for_units(params: dict[str, Any], model: Any, **_: object) -> None:
    """Have DynamoDB report what a call consumes; a handler of botocore's event `before-parameter-build`."""
    if "ReturnConsumedCapacity" in model.input_shape.members:
        params["ReturnConsumedCapacity"] = "TOTAL"


def consumed_units(answer: Mapping[str, Any]) -> float:
    """Those of all tables that a call touched; its answer has them for one or as a list."""
    consumed = answer.get("ConsumedCapacity", [])
    return sum(float(each["CapacityUnits"]) for each in (consumed if isinstance(consumed, list) else [consumed]))


def date_of(answer: Mapping[str, Any]) -> str:
    """When the server says it answered, as HTTP writes dates; empty where it does not."""
    date: str = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    return date


def check_answer(answer: Mapping[str, Any], member: str) -> None:
    """Raise EngineDown for an answer that is not DynamoDB's, such as a proxy's page: it would read as "no item".

    `member` is in every good answer.
    """
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    is_json = headers.get("content-type", "").startswith("application/x-amz-json")
    if "x-amzn-requestid" not in headers or not is_json or (member and member not in answer):
        raise EngineDown("The record store's answer is not DynamoDB's.")
