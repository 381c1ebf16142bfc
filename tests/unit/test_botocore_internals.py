"""What `adapters/botocore_internals.py` uses of botocore's inside: a new version that changes it fails here."""

import inspect
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from botocore import handlers, parsers
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from registry.adapters.botocore_internals import (
    change_parameters,
    open_wire,
    parse_answers,
    resolve_bucket,
    send_bodies_at_once,
)

SESSION = aioboto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="eu-central-1")
ANSWER = {"status_code": 200, "headers": {"content-type": "application/x-amz-json-1.0"}, "body": b"{}"}


class Unsent(Exception):
    """What a call was about to send."""

    def __init__(self, request: AWSRequest) -> None:
        self.request = request
        super().__init__("not sent")


def refuse(request: Any, **_: object) -> None:
    raise Unsent(request)


@pytest.fixture
async def dynamodb() -> AsyncIterator[Any]:
    async with SESSION.client("dynamodb", endpoint_url="http://127.0.0.1:1") as client:
        yield client


@pytest.fixture
async def s3() -> AsyncIterator[Any]:
    async with SESSION.client("s3", endpoint_url="http://127.0.0.1:1") as client:
        yield client


async def expects_continue(client: Any) -> bool:
    client.meta.events.register("before-send.s3", refuse)
    with pytest.raises(Unsent) as caught:
        await client.put_object(Bucket="bucket", Key="key", Body=b"body")
    return "Expect" in caught.value.request.headers


async def test_uploads_expect_a_continue_unless_the_handler_is_removed(s3: Any) -> None:
    send_bodies_at_once(s3)
    assert not await expects_continue(s3)


async def test_botocore_adds_the_header_by_that_handler(s3: Any) -> None:
    assert list(inspect.signature(handlers.add_expect_header).parameters)[:2] == ["model", "params"]
    assert await expects_continue(s3)


async def test_parameters_are_completed_by_an_event(dynamodb: Any) -> None:
    def change(params: dict[str, Any], model: Any, **_: object) -> None:
        assert "ReturnConsumedCapacity" in model.input_shape.members
        params["ReturnConsumedCapacity"] = "TOTAL"

    change_parameters(dynamodb, change)
    dynamodb.meta.events.register("before-send.dynamodb", refuse)
    with pytest.raises(Unsent) as caught:
        await dynamodb.get_item(TableName="table", Key={"pk": {"S": "1"}})
    assert "ReturnConsumedCapacity" in str(caught.value.request.body)


async def test_answers_are_parsed_by_an_event(dynamodb: Any) -> None:
    seen: list[str] = []

    def parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
        seen.append(response_dict["body"].decode())
        customized_response_dict["Item"] = {"pk": {"S": "parsed"}}

    parse_answers(dynamodb, ["GetItem"], parse)
    custom: dict[str, Any] = {}
    await dynamodb.meta.events.emit(
        "before-parse.dynamodb.GetItem",
        operation_model=None,
        response_dict=dict(ANSWER),
        customized_response_dict=custom,
    )
    assert (seen, custom) == (["{}"], {"Item": {"pk": {"S": "parsed"}}})


def test_errors_of_parsing_are_no_client_errors() -> None:
    assert issubclass(parsers.ResponseParserError, Exception)
    assert not issubclass(parsers.ResponseParserError, ClientError)


async def test_calls_go_to_the_clients_endpoint_within_its_limits(dynamodb: Any) -> None:
    async with open_wire(dynamodb, dynamodb.meta.endpoint_url) as wire:
        assert wire is not None
        assert (wire.target, wire.host, wire.path) == ("/", "127.0.0.1:1", "/")
        with pytest.raises(ConnectionRefusedError):
            await wire.send("POST", "/", {})


async def test_a_wire_checks_certificates_and_names_of_hosts() -> None:
    async with SESSION.client("dynamodb") as client, open_wire(client, client.meta.endpoint_url) as wire:
        assert wire is not None
        assert wire.host == "dynamodb.eu-central-1.amazonaws.com"
        tls = wire.connections.tls
    assert tls is not None
    assert tls.check_hostname
    assert tls.verify_mode is ssl.CERT_REQUIRED


async def test_a_configured_proxy_is_left_to_the_client() -> None:
    config = AioConfig(proxies={"https": "http://user:password@proxy.example:3128"})
    async with SESSION.client("dynamodb", config=config) as client, open_wire(client, client.meta.endpoint_url) as wire:
        assert wire is None


async def test_tls_without_a_check_is_left_to_the_client() -> None:
    async with SESSION.client("dynamodb", verify=False) as client, open_wire(client, client.meta.endpoint_url) as wire:
        assert wire is None


@pytest.mark.parametrize(
    ("bucket", "endpoint_url", "expected"),
    [
        ("bucket", None, ("https://bucket.s3.eu-central-1.amazonaws.com", "eu-central-1")),
        ("with.dots", None, ("https://s3.eu-central-1.amazonaws.com/with.dots", "eu-central-1")),
        ("bucket", "http://127.0.0.1:1", ("http://127.0.0.1:1/bucket", "eu-central-1")),
        ("bucket--euw1-az1--x-s3", None, None),  # a directory bucket: its calls are signed for a session
    ],
)
async def test_the_address_of_a_bucket_is_that_of_its_calls(
    bucket: str, endpoint_url: str | None, expected: tuple[str, str] | None
) -> None:
    async with SESSION.client("s3", endpoint_url=endpoint_url) as client:
        found = await resolve_bucket(client, bucket)
        assert found == expected
        if found is not None:
            client.meta.events.register("before-send.s3", refuse)
            with pytest.raises(Unsent) as caught:
                await client.delete_object(Bucket=bucket, Key="blobs/key")
            assert caught.value.request.url == f"{found[0]}/blobs/key"
