"""DynamoDB's errors in the words of the registry.

Unavailable
├── EngineThrottling   over its capacity: worth another try soon
├── EngineConflict     another transaction holds an item: worth another try at once
├── EngineDown         no answer, or none that can be understood
├── TableMissing       the table, or one of its indexes, was not made yet
└── Misconfigured      no credentials, or some that it does not take: an operator has to act
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotocoreConnectionError,
)

from registry.adapters.botocore_internals import ResponseParserError
from registry.adapters.dynamodb.keys import Item
from registry.adapters.engine_calls import EngineDown, EngineThrottling
from registry.domain.errors import RegistryError, TooLarge, Unavailable

_THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "LimitExceededException",
    }
)
_CONFLICT = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
_REFUSED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_CONDITION = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException"})


class EngineConflict(Unavailable):
    """Other transactions hold one of the items."""


class TableMissing(Unavailable):
    """There is no such table or index."""


class Misconfigured(Unavailable):
    """The credentials are missing or wrong. Details are for the operator's log, not for callers."""


class ConditionFailed(Exception):
    """Conditions of a write did not hold; nothing was written. For the stores, which know what that means.

    `items` maps the position of each failed action to the item that was found there (empty: none).
    """

    def __init__(self, items: Mapping[int, Item]) -> None:
        self.items = items
        super().__init__(f"conditions of the actions {sorted(items)} failed")


def translate(error: Exception) -> Exception:
    """What `error` means to the registry; an error that means nothing known is returned as it is."""
    if isinstance(error, RegistryError | ConditionFailed):
        return error
    if isinstance(error, ClientError):
        return _translate_answer(error)
    if isinstance(error, NoCredentialsError | CredentialRetrievalError):
        return Misconfigured("The record store has no credentials for its table.", retry_after_seconds=30)
    if isinstance(
        error,
        BotocoreConnectionError | HTTPClientError | ResponseStreamingError | ResponseParserError | OSError,
    ):
        return EngineDown(f"The record store does not answer ({type(error).__name__}).")
    return error


def _translate_answer(error: ClientError) -> Exception:
    answer = cast("dict[str, Any]", error.response)
    code = answer.get("Error", {}).get("Code", "")
    message = answer.get("Error", {}).get("Message", "")
    if code == "TransactionCanceledException":
        return _translate_reasons(answer.get("CancellationReasons", []), error)
    if code in _CONDITION:
        return ConditionFailed({0: answer.get("Item") or {}})
    known = _translate_code(code, message)
    if known is not None:
        return known
    if code == "ResourceNotFoundException":
        return TableMissing("The record store has no table; `registry tables create` makes it.", retry_after_seconds=30)
    if code in _REFUSED:
        return Misconfigured(f"The record store does not take the credentials ({code}).", retry_after_seconds=30)
    if answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return EngineDown(f"The record store fails ({code}).")
    return error


def _translate_reasons(reasons: Sequence[Mapping[str, Any]], error: ClientError) -> Exception:
    """The transaction's outcome. What passes by itself comes first: only a second try shows the rest for certain."""
    translated = [_translate_code(reason.get("Code", ""), reason.get("Message", "")) for reason in reasons]
    for passing in filter(None, translated):
        return passing
    failed = {
        place: reason.get("Item") or {} for place, reason in enumerate(reasons) if reason.get("Code") in _CONDITION
    }
    return ConditionFailed(failed) if failed else error


def _translate_code(code: str, message: str) -> Exception | None:
    if code in _CONFLICT:
        return EngineConflict("Others are changing the same record; try again.")
    if code in _THROTTLING:
        return EngineThrottling("The record store is at its capacity; try again.", retry_after_seconds=2)
    if code in ("ValidationException", "ValidationError") and "index" in message:
        return TableMissing("The table lacks an index; `registry tables create` adds it.", retry_after_seconds=60)
    if code in ("ValidationException", "ValidationError") and "size" in message:
        return TooLarge("The record is larger than the record store takes (400 KB); shorten it.")
    return None
