"""Requests to receivers that answer well, badly, slowly or not at all."""

import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from standardwebhooks import WebhookVerificationError

from registry.adapters.outbound.guarded import GuardedResolver, guarded_client
from registry.adapters.outbound.webhooks import HttpWebhookSender
from registry.domain.webhooks import new_secret, signed_headers
from registry.ports.webhooks import Answered, SendError
from tests.factories import make_delivery
from tests.receivers import Receiver, Reply

QUICK_SECONDS = 0.3


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().served() as receiver:
        yield receiver


async def open_sender(timeout_seconds: float) -> AsyncIterator[HttpWebhookSender]:
    async with guarded_client(timeout_seconds=timeout_seconds) as client:
        yield HttpWebhookSender(client, GuardedResolver(allow_private=True), timeout_seconds=timeout_seconds)


@pytest.fixture
async def sender() -> AsyncIterator[HttpWebhookSender]:
    async for sender in open_sender(10.0):
        yield sender


@pytest.fixture
async def impatient() -> AsyncIterator[HttpWebhookSender]:
    async for sender in open_sender(QUICK_SECONDS):
        yield sender


async def test_signature_is_verified_by_others(sender: HttpWebhookSender, receiver: Receiver) -> None:
    secret = new_secret()
    delivery = make_delivery("w", payload='{"type":"package.created","data":{"name":"ünï"}}'.encode())

    await sender.post(receiver.url, delivery.payload, headers=signed_headers(delivery, secret, at=datetime.now(UTC)))

    (received,) = receiver.received
    assert received.body == delivery.payload
    assert received.headers["content-type"] == "application/json"
    assert received.headers["webhook-id"] == delivery.id
    assert received.verified(secret)["data"] == {"name": "ünï"}
    with pytest.raises(WebhookVerificationError):
        received.verified(new_secret())


@pytest.mark.parametrize("status", [200, 204, 299, 301, 307, 400, 404, 410, 429, 500, 503])
async def test_status_is_told_and_redirects_are_not_followed(
    sender: HttpWebhookSender, receiver: Receiver, status: int
) -> None:
    receiver.replies.append(Reply(status, {"Location": receiver.url + "/elsewhere"}))

    assert await sender.post(receiver.url, b"{}", headers={}) == Answered(status)

    assert [request.path for request in receiver.received] == ["/hook"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120", 120), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", None), ("1" * 50, None), ("", None)],
)
async def test_retry_after_is_told(
    sender: HttpWebhookSender, receiver: Receiver, text: str, expected: int | None
) -> None:
    receiver.replies.append(Reply(503, {"Retry-After": text}))

    assert await sender.post(receiver.url, b"{}", headers={}) == Answered(503, expected)


async def test_long_answers_are_not_read(sender: HttpWebhookSender, receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, {"Content-Length": str(10**12)}, b"x" * 10**6))

    assert await sender.post(receiver.url, b"{}", headers={}) == Answered(200)


async def test_head_of_the_answer_counts(sender: HttpWebhookSender, receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, {"Content-Length": "1000"}, b"cut"))

    assert await sender.post(receiver.url, b"{}", headers={}) == Answered(200)


@pytest.mark.parametrize("cut_after", [0, 5, 20])
async def test_cut_answers_are_none(sender: HttpWebhookSender, receiver: Receiver, cut_after: int) -> None:
    receiver.replies.append(Reply(200, cut_after=cut_after))

    with pytest.raises(SendError):
        await sender.post(receiver.url, b"{}", headers={})


async def test_slow_receivers_are_left(impatient: HttpWebhookSender, receiver: Receiver) -> None:
    release = threading.Event()
    receiver.replies.append(Reply(hold=release))

    with pytest.raises(SendError, match="no answer within"):
        await impatient.post(receiver.url, b"{}", headers={})

    release.set()
    assert await impatient.post(receiver.url, b"{}", headers={}) == Answered(204)


async def test_nobody_listens(sender: HttpWebhookSender) -> None:
    receiver = Receiver()
    with receiver.served():
        pass

    with pytest.raises(SendError):
        await sender.post(receiver.url, b"{}", headers={})


@pytest.mark.parametrize("url", ["ftp://example.org/", "http:///x", "http://[::1", "http://a..b/", "https://a b/"])
async def test_what_is_no_address_is_a_send_error(sender: HttpWebhookSender, url: str) -> None:
    with pytest.raises(SendError):
        await sender.post(url, b"{}", headers={})


async def test_nothing_passes_from_one_request_to_the_next(sender: HttpWebhookSender, receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, {"Set-Cookie": "session=secret; Path=/"}))

    for _ in range(2):
        await sender.post(receiver.url, b"{}", headers={})

    assert all("cookie" not in request.headers for request in receiver.received)
    assert len(receiver.received) == 2
