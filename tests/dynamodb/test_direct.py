"""Direct calls of DynamoDB: what they send, and that their answers and errors are aioboto3's."""

import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aioboto3
import pytest
from aiobotocore.credentials import AioRefreshableCredentials
from aiohttp import web
from botocore.exceptions import ClientError

from registry.adapters.dynamodb import keys
from registry.adapters.dynamodb.client import DynamoTable
from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.errors import Misconfigured
from registry.domain.errors import Unavailable
from tests.certificates import server_context
from tests.engines.tables import PATIENT, SESSION

ITEM: keys.Item = {
    **keys.key("P#1", "record"),
    "text": {"S": "\u00fc\u2028\x00"},
    "number": {"N": "-1.5"},
    "bytes": {"B": bytes(range(256))},
    "map": {"M": {"B": {"B": b"within"}, "list": {"L": [{"B": b"deep"}, {"BOOL": True}]}}},
}
KEY = keys.key_of(ITEM)
TAKEN = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

Request = Callable[[str], dict[str, Any]]
CALLS: list[tuple[str, Request]] = [
    ("get_item", lambda name: {"TableName": name, "Key": KEY}),
    ("scan", lambda name: {"TableName": name, "FilterExpression": "attribute_exists(pk)"}),
    ("batch_get_item", lambda name: {"RequestItems": {name: {"Keys": [KEY]}}}),
    (
        "query",
        lambda name: {
            "TableName": name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "P#1"}},
            "ReturnConsumedCapacity": "TOTAL",
        },
    ),
    ("batch_write_item", lambda name: {"RequestItems": {name: [{"PutRequest": {"Item": ITEM}}]}}),
    (
        "update_item",
        lambda name: {
            "TableName": name,
            "Key": KEY,
            "UpdateExpression": "SET seen = :seen",
            "ExpressionAttributeValues": {":seen": {"B": b"seen"}},
            "ReturnValues": "ALL_NEW",
        },
    ),
    ("transact_write_items", lambda name: {"TransactItems": [{"Put": {"TableName": name, "Item": ITEM}}]}),
]
REFUSALS: list[tuple[str, Request]] = [
    ("get_item", lambda _: {"TableName": "nowhere", "Key": KEY}),
    ("get_item", lambda name: {"TableName": name, "Key": {"pk": {"N": "1"}}}),
    ("transact_write_items", lambda name: {"TransactItems": [{"Put": {"TableName": name, "Item": ITEM, **TAKEN}}]}),
    (
        "update_item",
        lambda name: (
            {"TableName": name, "Key": KEY, "UpdateExpression": "SET seen = :s", **TAKEN}
            | {"ExpressionAttributeValues": {":s": {"S": "x"}}}
        ),
    ),
]


@pytest.fixture
async def plain(dynamodb_endpoint: str) -> AsyncIterator[Any]:
    async with SESSION.client("dynamodb", endpoint_url=dynamodb_endpoint) as client:
        yield client


@pytest.mark.parametrize(("method", "request_of"), CALLS)
async def test_answers_are_aioboto3s(table: DynamoTable, plain: Any, method: str, request_of: Request) -> None:
    await table.batch_write([{"PutRequest": {"Item": ITEM}}])
    found = await getattr(table.client, method)(**request_of(table.name))
    expected = await getattr(plain, method)(**request_of(table.name))
    del expected["ResponseMetadata"], found["ResponseMetadata"]
    assert found == expected


@pytest.mark.parametrize(("method", "request_of"), REFUSALS)
async def test_errors_are_aioboto3s(table: DynamoTable, plain: Any, method: str, request_of: Request) -> None:
    await table.batch_write([{"PutRequest": {"Item": ITEM}}])
    raised = []
    for client in (table.client, plain):
        with pytest.raises(ClientError) as caught:
            await getattr(client, method)(**request_of(table.name))
        response: Any = caught.value.response
        members = {name: response.get(name) for name in ("Error", "CancellationReasons", "Item")}
        raised.append((type(caught.value).__name__, members, response["ResponseMetadata"]["HTTPStatusCode"]))
    assert raised[0][:2] == (raised[1][0], raised[1][1])
    assert raised[0][2] == raised[1][2]


class Imitation:
    """Answers every call with `answer`, and keeps the heads of what came."""

    def __init__(self) -> None:
        self.heads: list[dict[str, str]] = []
        self.answers: list[web.Response] = []

    async def reply(self, request: web.Request) -> web.Response:
        self.heads.append({name.lower(): value for name, value in request.headers.items()})
        return self.answers.pop(0)

    def answer(self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        given = {"x-amzn-requestid": "1", "content-type": "application/x-amz-json-1.0", **(headers or {})}
        self.answers.append(web.Response(body=body, status=status, headers=given))

    @asynccontextmanager
    async def serve(self, **site: Any) -> AsyncIterator[int]:
        """The port."""
        application = web.Application()
        application.router.add_post("/", self.reply)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, **site).start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


@asynccontextmanager
async def imitated(
    imitation: Imitation, session: aioboto3.Session = SESSION, *, scheme: str = "http", **site: Any
) -> AsyncIterator[DynamoTable]:
    async with (
        imitation.serve(**site) as port,
        open_table("t", endpoint_url=f"{scheme}://127.0.0.1:{port}", session=session, limits=PATIENT) as table,
    ):
        yield table


async def test_an_answer_with_another_checksum_is_asked_for_again() -> None:
    imitation, good = Imitation(), b'{"Item":{"pk":{"S":"1"}}}'
    imitation.answer(good, headers={"x-amz-crc32": "1"})
    imitation.answer(good, headers={"x-amz-crc32": str(zlib.crc32(good))})
    async with imitated(imitation) as table:
        assert await table.get(KEY) == {"pk": {"S": "1"}}


async def test_a_host_whose_clock_is_wrong_goes_by_the_engines() -> None:
    imitation, at = Imitation(), datetime.now(UTC) + timedelta(hours=3)
    date = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    refusal = b'{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Signature expired"}'
    imitation.answer(refusal, status=400, headers={"date": date})
    imitation.answer(b"{}")
    imitation.answer(b"{}")
    async with imitated(imitation) as table:
        await table.get(KEY)
        await table.get(KEY)
    hours = [head["x-amz-date"][:11] for head in imitation.heads]
    assert hours[1:] == [at.strftime("%Y%m%dT%H")] * 2
    assert hours[0] != hours[1]


async def test_a_wrong_key_is_no_matter_of_clocks() -> None:
    imitation = Imitation()
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    imitation.answer(b'{"__type":"x#InvalidSignatureException"}', status=400, headers={"date": date})
    async with imitated(imitation) as table:
        with pytest.raises(Misconfigured):
            await table.get(KEY)
    assert len(imitation.heads) == 1


async def test_credentials_that_expire_are_renewed() -> None:
    imitation, made = Imitation(), 0

    async def renew() -> dict[str, str]:
        nonlocal made
        made += 1
        expires = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()  # so soon that it is renewed each time
        return {"access_key": "key", "secret_key": "secret", "token": f"token-{made}", "expiry_time": expires}

    session = aioboto3.Session(region_name="eu-central-1")
    inner: Any = session._session
    inner._credentials = AioRefreshableCredentials.create_from_metadata(
        await renew(), refresh_using=renew, method="test"
    )
    for _ in range(2):
        imitation.answer(b"{}")
    async with imitated(imitation, session) as table:
        await table.get(KEY)
        await table.get(KEY)
    assert [head["x-amz-security-token"] for head in imitation.heads] == ["token-2", "token-3"]


async def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    imitation = Imitation()
    async with imitated(imitation, aioboto3.Session(region_name="eu-central-1")) as table:
        with pytest.raises(Misconfigured):
            await table.get(KEY)
    assert imitation.heads == []


async def test_the_certificate_of_the_engine_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imitation, (context, authority) = Imitation(), server_context(tmp_path)
    async with imitated(imitation, scheme="https", ssl_context=context) as table:
        with pytest.raises(Unavailable):
            await table.get(KEY)
    assert imitation.heads == []
    imitation.answer(b"{}")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    async with imitated(
        imitation, aioboto3.Session("k", "s", region_name="eu-central-1"), scheme="https", ssl_context=context
    ) as table:
        await table.get(KEY)
    assert len(imitation.heads) == 1
