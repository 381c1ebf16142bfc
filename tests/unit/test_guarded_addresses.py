"""No way from an address that a user names into the network of this host."""

from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest

from registry.adapters.outbound.guarded import GuardedResolver, RefusedAddress, Resolve, guarded_client
from registry.adapters.outbound.webhooks import HttpWebhookSender
from registry.domain.errors import InvalidInput
from registry.ports.webhooks import Answered, SendError
from tests.receivers import Receiver

INSIDE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0.0.0.0",  # noqa: S104 - an address like the others here
    "0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "localhost",
    "localhost.",
    "127.0.0.1.",
    "192.88.99.1",
    "10.0x1",
    "[fec0::1]",
    "[feff:ffff::1]",
    "[3fff::1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:c058:6301::]",
    "[::ffff:0:7f00:1]",
    # Where they lead is outside, but who spells an address so wants to get past somebody's list.
    "example.org.",
    "93.184.215.14.",
    "1572394766",
    "0x5d.0xb8d70e",
    "[::ffff:93.184.215.14]",
    "[64:ff9b::808:808]",
    "[2002:808:808::]",
    "[2001:0:808:808::1]",
]
OUTSIDE = {"93.184.215.14": "93.184.215.14", "[2606:4700::1111]": "2606:4700::1111"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().served() as receiver:
        yield receiver


def answering(*addresses: str) -> Resolve:
    """A resolver of names that has these addresses for each of them."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def sender_with(resolver: GuardedResolver) -> AsyncIterator[HttpWebhookSender]:
    async with guarded_client(timeout_seconds=5.0) as client:
        yield HttpWebhookSender(client, resolver, timeout_seconds=5.0)


@pytest.mark.parametrize("host", INSIDE)
async def test_inside_addresses_are_refused(host: str) -> None:
    async for sender in sender_with(GuardedResolver(allow_private=False)):
        for url in (f"http://{host}/", f"https://{host}:8443/"):
            with pytest.raises(InvalidInput, match="private, loopback or link-local"):
                await sender.check(url)
            with pytest.raises(SendError, match="private, loopback or link-local"):
                await sender.post(url, b"{}", headers={})


@pytest.mark.parametrize("host", ["0127.0.0.1", "0177.0.0.01", "0135.0270.0327.016"])
async def test_octal_numbers_are_no_host(host: str) -> None:
    async for sender in sender_with(GuardedResolver(allow_private=False)):
        with pytest.raises(InvalidInput, match="check its host"):
            await sender.check(f"http://{host}/")
        with pytest.raises(SendError):
            await sender.post(f"http://{host}/", b"{}", headers={})


@pytest.mark.parametrize("host", OUTSIDE)
async def test_outside_addresses_are_pinned(host: str) -> None:
    pinned = await GuardedResolver(allow_private=False).pin(httpx.URL(f"https://{host}/x"))

    assert pinned == OUTSIDE[host]


async def test_a_name_may_have_a_translated_address_where_there_is_no_other() -> None:
    """Hosts with IPv6 only reach the rest by their gateway (RFC 6052), and learn its addresses from their resolver."""
    resolver = GuardedResolver(allow_private=False, resolve=answering("64:ff9b::808:808"))

    assert await resolver.pin(httpx.URL("https://example.org/")) == "64:ff9b::808:808"


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("93.184.215.14", "10.0.0.7"),
        ("::1",),
        ("fe80::1%eth0",),
        ("93.184.215.14", "::"),
        ("64:ff9b::7f00:1",),
        ("fec0::1",),
    ],
)
async def test_name_with_an_inside_address_is_refused(addresses: tuple[str, ...]) -> None:
    resolver = GuardedResolver(allow_private=False, resolve=answering(*addresses))

    with pytest.raises(RefusedAddress):
        await resolver.pin(httpx.URL("https://innocent.example.org/"))


@pytest.mark.parametrize(
    "url", ["http://alice:secret@example.org/", "file:///etc/passwd", "gopher://example.org/", "/x"]
)
async def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(RefusedAddress):
        await GuardedResolver(allow_private=True, resolve=answering("93.184.215.14")).pin(httpx.URL(url))


async def test_rebound_name_is_refused_at_delivery(receiver: Receiver) -> None:
    """The name is outside when it is registered, and inside when a delivery is sent."""
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    async for sender in sender_with(GuardedResolver(allow_private=False, resolve=rebinding)):
        url = f"http://rebinding.example.org:{receiver.port}/"
        await sender.check(url)
        with pytest.raises(SendError, match="private, loopback or link-local"):
            await sender.post(url, b"{}", headers={})
    assert (answers, receiver.received) == ([], [])


async def test_request_goes_to_the_judged_address(receiver: Receiver) -> None:
    """A name is resolved once: what it would resolve to a moment later does not matter."""
    asked: list[tuple[str, int]] = []

    async def once(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    async for sender in sender_with(GuardedResolver(allow_private=True, resolve=once)):
        url = f"http://nowhere.invalid:{receiver.port}/hook"
        assert await sender.post(url, b"{}", headers={}) == Answered(204)
    (received,) = receiver.received
    assert received.headers["host"] == f"nowhere.invalid:{receiver.port}"
    assert asked == [("nowhere.invalid", receiver.port)]


async def test_name_without_an_address_may_get_one_later() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async for sender in sender_with(GuardedResolver(allow_private=False, resolve=unknown)):
        await sender.check("https://soon.example.org/hook")
        with pytest.raises(SendError):
            await sender.post("https://soon.example.org/hook", b"{}", headers={})
