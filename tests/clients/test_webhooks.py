"""Webhooks by the client and by the commands."""

import pytest

from registry.client import Conflict, InvalidRequest, NotFound, RegistryClient
from tests.clients.commands import Cli
from tests.clients.conftest import Fake

URL = "https://ci.example.org/hooks"


async def test_the_client_keeps_webhooks(client: RegistryClient, fake: Fake) -> None:
    first = await client.webhooks.add(URL, ["package.created"])
    second = await client.webhooks.add(URL, ["package.deleted", "rating.completed"], secret="whsec_own")
    assert (first.secret, second.secret) == ("whsec_made", "whsec_own")
    assert "whsec_own" not in repr(second)
    listed = [webhook async for webhook in client.webhooks.list_all(page_size=1)]
    assert [(webhook.id, webhook.events, webhook.secret) for webhook in listed] == [
        (first.id, ("package.created",), None),
        (second.id, ("package.deleted", "rating.completed"), None),
    ]
    with pytest.raises(InvalidRequest):
        await client.webhooks.add("http://127.0.0.1/", ["package.created"])

    await client.webhooks.delete(first.id)
    for gone in (first.id, "../users", "a/b"):
        with pytest.raises(NotFound):
            await client.webhooks.delete(gone)
    assert list(fake.registry.webhooks.kept) == [second.id]


async def test_the_client_reads_and_replays_deliveries(client: RegistryClient, fake: Fake) -> None:
    webhook = await client.webhooks.add(URL, ["package.created"])
    tests = [await client.webhooks.test(webhook.id) for _ in range(3)]
    assert {(test.event, test.status, test.attempts, test.response_status) for test in tests} == {
        ("webhook.test", "pending", 0, None)
    }
    replayed = await client.webhooks.replay(webhook.id, tests[0].id)
    assert (replayed.id, replayed.status) == (tests[0].id, "pending")
    log = [delivery async for delivery in client.webhooks.deliveries(webhook.id, page_size=2)]
    assert [delivery.id for delivery in log] == [test.id for test in tests[::-1]]
    assert [(delivery.attempts, delivery.response_status) for delivery in log] == [(1, 204), (1, 204), (2, 204)]

    with pytest.raises(NotFound):
        await client.webhooks.replay(webhook.id, "unknown")
    fake.registry.webhooks.kept[webhook.id]["status"] = "disabled"
    with pytest.raises(Conflict):
        await client.webhooks.test(webhook.id)


def test_the_commands(cli: Cli) -> None:
    changes = ["package.created", "package.updated", "package.deleted"]
    made = cli.done("webhooks", "add", URL).document
    assert (made["url"], made["events"], made["secret"]) == (URL, changes, "whsec_made")
    own = ("webhooks", "add", URL, "-e", "upload.expired", "--secret-stdin")
    assert cli.done(*own, stdin="whsec_own\n").document["secret"] == "whsec_own"
    assert cli.failed(*own, stdin="\n")[0] == 2
    code, line = cli.failed("webhooks", "add", "http://127.0.0.1/")
    assert code == 1
    assert "private address" in line
    assert [webhook["events"] for webhook in cli.done("webhooks", "list").documents] == [changes, ["upload.expired"]]

    sent = [cli.done("webhooks", "test", made["id"]).document["id"] for _ in range(3)]
    assert cli.done("webhooks", "replay", made["id"], sent[0]).document["status"] == "pending"
    shown = cli.done("webhooks", "deliveries", made["id"], "-n", "2").documents
    assert [delivery["id"] for delivery in shown] == [sent[2], sent[1]]
    assert cli.failed("webhooks", "replay", made["id"], "unknown")[0] == 3

    assert cli.failed("webhooks", "delete", made["id"])[0] == 2
    cli.done("webhooks", "delete", made["id"], "--yes")
    assert cli.failed("webhooks", "delete", made["id"], "--yes")[0] == 3
    assert cli.failed("webhooks", "deliveries", made["id"])[0] == 3
