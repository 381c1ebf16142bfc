"""The table's verbs: what is unprocessed or in conflict is tried again, and errors get their meaning."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from registry.adapters.dynamodb import account_keys, keys
from registry.adapters.dynamodb.calls import TRIES
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.errors import (
    ConditionFailed,
    EngineConflict,
    Misconfigured,
    TableMissing,
    translate,
)
from registry.adapters.engine_calls import EngineThrottling
from registry.domain.errors import TooLarge, Unavailable
from tests.engines.tables import CallCounter


@pytest.fixture(params=[True, False], ids=["direct", "aioboto3"])
def direct(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class HalfProcessing:
    """A client that leaves the second half of every batch unprocessed, as DynamoDB may."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - the API's name
        ((name, request),) = RequestItems.items()
        wanted = list(request["Keys"])
        half = (len(wanted) + 1) // 2
        answer = await self._client.batch_get_item(RequestItems={name: {**request, "Keys": wanted[:half]}})
        left = {name: {**request, "Keys": wanted[half:]}} if wanted[half:] else {}
        return {**answer, "UnprocessedKeys": left}

    async def batch_write_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - the API's name
        ((name, requests),) = RequestItems.items()
        half = (len(requests) + 1) // 2
        answer = await self._client.batch_write_item(RequestItems={name: requests[:half]})
        return {**answer, "UnprocessedItems": {name: requests[half:]} if requests[half:] else {}}


async def test_what_is_unprocessed_is_asked_for_again(table: DynamoTable, calls: CallCounter) -> None:
    table.client = HalfProcessing(table.client)  # type: ignore[assignment]
    items = [account_keys.token_key(f"token-{number}") for number in range(7)]

    await table.batch_write([{"PutRequest": {"Item": item}} for item in items])
    found = await table.batch_get(items)

    assert sorted(item["pk"]["S"] for item in found) == [f"T#token-{number}" for number in range(7)]
    assert (calls["BatchWriteItem"], calls["BatchGetItem"]) == (3, 3)


async def test_what_stays_unprocessed_is_throttling(table: DynamoTable, calls: CallCounter) -> None:
    table.client = HalfProcessing(table.client)  # type: ignore[assignment]

    with pytest.raises(EngineThrottling):
        await table.batch_get([account_keys.token_key(f"token-{number}") for number in range(100)])

    assert calls["BatchGetItem"] == TRIES[EngineThrottling]


def cancelled(*reasons: dict[str, Any]) -> ClientError:
    """The error that a transaction ends with, as botocore raises it."""
    answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": list(reasons)}
    return ClientError(answer, "TransactWriteItems")


async def test_a_transaction_in_conflict_is_tried_again_until_it_passes(
    table: DynamoTable, calls: CallCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact, tokens = table.client.transact_write_items, []

    async def conflict_twice(**request: Any) -> Any:
        tokens.append(request["ClientRequestToken"])
        if len(tokens) <= 2:
            raise cancelled({"Code": "None"}, {"Code": "TransactionConflict"})
        return await transact(**request)

    monkeypatch.setattr(table.client, "transact_write_items", conflict_twice)

    await table.transact([table.put(account_keys.token_key("token"))])

    assert calls["TransactWriteItems"] == 3
    assert len(set(tokens)) == 1
    assert await table.get(account_keys.token_key("token")) is not None


def test_a_failed_condition_tells_which_and_what_was_there() -> None:
    found = account_keys.token_key("token")

    error = translate(cancelled({"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": found}))

    assert isinstance(error, ConditionFailed)
    assert error.items == {1: found}


@pytest.mark.parametrize("code", ["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"])
def test_what_passes_by_itself_comes_before_a_failed_condition(code: str) -> None:
    error = translate(cancelled({"Code": "ConditionalCheckFailed"}, {"Code": code}))

    assert isinstance(error, EngineConflict | EngineThrottling)


def test_unknown_errors_pass() -> None:
    unknown: Any = {"Error": {"Code": "SomethingNewException", "Message": "no"}}
    errors = [ClientError(unknown, "Query"), cancelled({"Code": "AccessDenied"}), KeyError("x"), TooLarge("x")]

    assert [translate(error) for error in errors] == errors


def test_credentials_that_are_not_taken_are_for_the_operator() -> None:
    refused: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}

    error = translate(ClientError(refused, "Query"))

    assert isinstance(error, Misconfigured)
    assert "AccessDeniedException" in str(error)


async def test_a_partition_of_several_calls_is_counted_without_its_items(
    table: DynamoTable, calls: CallCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        item = {**keys.key("large", str(number)), "body": keys.binary(bytes(300_000))}
        await table.batch_write([{"PutRequest": {"Item": item}}])
    query, answers = table.client.query, []

    async def watched(**request: Any) -> Any:
        answers.append(await query(**request))
        return answers[-1]

    monkeypatch.setattr(table.client, "query", watched)

    assert await table.count("large") == 5
    assert await table.count("none") == 0
    assert calls["Query"] == 3
    assert [answer.get("Items") for answer in answers] == [None] * 3


async def test_over_a_hundred_actions_are_refused(table: DynamoTable) -> None:
    with pytest.raises(TooLarge):
        await table.transact([table.put(account_keys.token_key(str(number))) for number in range(101)])


async def test_a_missing_table_is_said_to_be_missing(table: DynamoTable) -> None:
    missing = DynamoTable(table.client, "no-such-table", calls=table.calls)

    with pytest.raises(TableMissing, match="registry tables create"):
        await missing.get(account_keys.token_key("token"))

    assert issubclass(TableMissing, Unavailable)
