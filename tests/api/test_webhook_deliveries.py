"""What webhooks are told, in which order, how often, and the log of it."""

import json

from tests.api.server import RunningServer
from tests.api.support import (
    TIMESTAMP,
    JsonObject,
    Person,
    eventually,
    ids,
    pages,
    problem,
    publish,
    unique,
)
from tests.api.uploads import opened
from tests.api.webhooks import deliveries, ended, register
from tests.receivers import Received, Receiver, Reply


def test_changes_are_told_in_order_and_signed(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    package = publish(boss.client, description="told to nobody")
    path = f"/package/{package['id']}"
    assert boss.client.patch(path, json={"status": "deprecated"}).status_code == 200
    assert boss.client.delete(path).status_code == 204

    payloads = [received.verified(webhook["secret"]) for received in receiver.wait_for(3)]

    common = {"package_id": package["id"], "name": package["name"], "version": "1.0.0", "type": "model"}
    assert [payload["data"] for payload in payloads] == [
        {**common, "status": "active", "revision": 1},
        {**common, "status": "deprecated", "revision": 2},
        {**common, "status": "deprecated", "revision": 2},
    ]
    assert [payload["type"] for payload in payloads] == ["package.created", "package.updated", "package.deleted"]
    for payload in payloads:
        assert set(payload) == {"type", "timestamp", "data"}
        assert TIMESTAMP.fullmatch(payload["timestamp"])
    log = deliveries(boss.client, webhook)
    assert [each["id"] for each in log] == [received.id for received in receiver.received[::-1]]


def test_moves_of_aliases_are_sent(boss: Person, receiver: Receiver) -> None:
    webhook = register(boss.client, url=receiver.url, events=["alias.moved"])
    name = unique("moved")
    for version in ("1.0.0", "2.0.0"):
        publish(boss.client, name=name, version=version)
    alias = f"/names/model/{name}/aliases/prod"
    for version in ("1.0.0", "2.0.0", "2.0.0"):
        assert boss.client.put(alias, json={"version": version}).status_code == 200
    assert boss.client.delete(alias).status_code == 204
    draft = publish(boss.client, name=name, version="3.0.0", status="draft")
    body = {"packages": [draft["id"]], "aliases": {f"model/{name}": {"prod": "3.0.0"}}}
    assert boss.client.post("/releases", json=body).status_code == 200

    payloads = [received.verified(webhook["secret"]) for received in receiver.wait_for(4)]

    assert {payload["type"] for payload in payloads} == {"alias.moved"}
    moves = [(payload["data"]["from"], payload["data"]["to"]) for payload in payloads]
    assert sorted(moves, key=str) == sorted(
        [(None, "1.0.0"), ("1.0.0", "2.0.0"), ("2.0.0", None), (None, "3.0.0")], key=str
    )
    for payload in payloads:
        assert {member: payload["data"][member] for member in ("type", "name", "alias")} == {
            "type": "model", "name": name, "alias": "prod",
        }  # fmt: skip
    boss.client.delete(f"/webhooks/{webhook['id']}")


def test_failing_delivery_holds_back_the_package_and_no_other(
    boss: Person, webhook: JsonObject, receiver: Receiver
) -> None:
    """The first answer is 500: five seconds later it comes again under the same id, and only then what follows."""
    name = unique("held")
    receiver.reply_to = lambda received: (
        Reply(500) if received.event["data"].get("name") == name and len(receiver.received) == 1 else None
    )
    held = publish(boss.client, name=name)
    receiver.wait_for(1)
    boss.client.delete(f"/package/{held['id']}")
    other = publish(boss.client)

    first, second, third, fourth = receiver.wait_for(4)

    assert second.event["data"]["package_id"] == other["id"]
    assert third.event["type"] == "package.created"
    assert (third.id, third.body) == (first.id, first.body)
    assert fourth.event["type"] == "package.deleted"
    assert int(third.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 4
    assert third.verified(webhook["secret"]) == first.verified(webhook["secret"])
    eventually(lambda: all(each["status"] == "delivered" for each in deliveries(boss.client, webhook)))
    assert {each["id"]: each["attempts"] for each in deliveries(boss.client, webhook)}[first.id] == 2


def test_two_workers_send_each_delivery_once_and_in_order(
    boss: Person, webhook: JsonObject, receiver: Receiver
) -> None:
    packages = [publish(boss.client) for _ in range(6)]
    for number in range(5):
        for package in packages:
            boss.client.patch(f"/package/{package['id']}", json={"description": str(number)})

    received = receiver.wait_for(36)

    eventually(lambda: all(each["status"] == "delivered" for each in deliveries(boss.client, webhook)))
    assert len(receiver.received) == 36
    assert len({request.id for request in received}) == 36
    for package in packages:
        own = [request.event["data"] for request in received if request.event["data"]["package_id"] == package["id"]]
        assert [data["revision"] for data in own] == [1, 2, 3, 4, 5, 6]


def test_a_rating_that_is_there_is_told(boss: Person, receiver: Receiver) -> None:
    webhook = register(boss.client, url=receiver.url, events=["rating.completed"])
    package = publish(boss.client)
    rating = boss.client.get(f"/package/{package['id']}/rate", params={"wait": 30}).json()

    def told_of_package() -> list[Received]:
        # Packages of other tests may still be rated.
        return [each for each in list(receiver.received) if each.event["data"]["package_id"] == package["id"]]

    eventually(lambda: told_of_package() != [], timeout_seconds=30)
    payload = told_of_package()[0].verified(webhook["secret"])

    assert payload["type"] == "rating.completed"
    told = {name: rating[name] for name in ("package_id", "revision", "status", "net_score")}
    assert payload["data"] == told
    boss.client.delete(f"/webhooks/{webhook['id']}")


def test_only_wanted_events_are_told(boss: Person, receiver: Receiver) -> None:
    wanting = register(boss.client, url=receiver.url, events=["package.deleted"])
    package = publish(boss.client)
    boss.client.delete(f"/package/{package['id']}")
    assert ended(boss.client, wanting)["event"] == "package.deleted"
    boss.client.delete(f"/webhooks/{wanting['id']}")
    assert [received.event["type"] for received in receiver.received] == ["package.deleted"]


def test_upload_without_an_end_is_told(boss: Person, reaching: RunningServer, receiver: Receiver) -> None:
    webhook = register(boss.client, url=receiver.url, events=["upload.expired"])
    upload = opened(boss, b"abandoned")
    eventually(lambda: boss.client.get(f"/uploads/{upload['id']}").status_code == 404)
    reaching.sweep()

    (received,) = receiver.wait_for(1)

    assert received.verified(webhook["secret"])["data"] == {
        "package_id": None,
        "upload_id": upload["id"],
        "created_by": boss.name,
        "size": 9,
    }
    boss.client.delete(f"/webhooks/{webhook['id']}")


def test_what_changes_nothing_is_not_told(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    package = publish(boss.client)
    path = f"/package/{package['id']}"
    boss.client.patch(path, json={})
    boss.client.patch(path, json={"description": "x"}, headers={"If-Match": '"stale"'})
    boss.client.delete(path)
    assert [received.event["type"] for received in receiver.wait_for(2)] == ["package.created", "package.deleted"]


def test_a_test_is_a_delivery(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    answer = boss.client.post(f"/webhooks/{webhook['id']}/test")
    assert answer.status_code == 202
    delivery = answer.json()
    assert set(delivery) == {"id", "event", "status", "attempts", "response_status", "at"}
    assert (delivery["event"], delivery["status"], delivery["attempts"]) == ("webhook.test", "pending", 0)
    assert TIMESTAMP.fullmatch(delivery["at"])

    (received,) = receiver.wait_for(1)

    payload = received.verified(webhook["secret"])
    assert payload["data"] == {"package_id": None, "webhook_id": webhook["id"]}
    assert received.id == delivery["id"]
    done = ended(boss.client, webhook)
    assert (done["id"], done["attempts"], done["response_status"]) == (delivery["id"], 1, 204)


def test_replay_sends_the_same_again(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    publish(boss.client)
    delivery = ended(boss.client, webhook)
    path = f"/webhooks/{webhook['id']}/deliveries/{delivery['id']}/replay"

    answer = boss.client.post(path)

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    first, second = receiver.wait_for(2)
    assert (first.id, first.body) == (second.id, second.body)
    assert second.verified(webhook["secret"])
    assert ended(boss.client, webhook)["attempts"] == 2
    problem(boss.client.post(f"/webhooks/{webhook['id']}/deliveries/unknown/replay"), 404)


def test_log_is_paged(boss: Person, webhook: JsonObject) -> None:
    sent = [boss.client.post(f"/webhooks/{webhook['id']}/test").json()["id"] for _ in range(5)]
    walked = list(pages(boss.client, f"/webhooks/{webhook['id']}/deliveries", limit=2))
    assert [len(page) for page in walked] == [2, 2, 1]
    assert sorted(each["id"] for page in walked for each in page) == sorted(sent)


def test_redirects_are_not_followed(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    receiver.reply_to = lambda _: Reply(307, {"Location": "/elsewhere"})
    boss.client.post(f"/webhooks/{webhook['id']}/test")
    eventually(lambda: deliveries(boss.client, webhook)[0]["response_status"] == 307)
    assert {received.path for received in receiver.received} == {"/hook"}


def test_410_disables(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    receiver.reply_to = lambda _: Reply(410)
    boss.client.post(f"/webhooks/{webhook['id']}/test")
    delivery = ended(boss.client, webhook, "failed")
    path = f"/webhooks/{webhook['id']}"
    eventually(lambda: boss.client.get(path).json()["status"] == "disabled")
    for action in ("/test", f"/deliveries/{delivery['id']}/replay"):
        problem(boss.client.post(path + action), 409, slug="webhook-disabled")
    publish(boss.client)
    assert ids(deliveries(boss.client, webhook)) == [delivery["id"]]


def test_deleted_webhook_is_told_nothing(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    receiver.reply_to = lambda _: Reply(503)
    publish(boss.client)
    receiver.wait_for(1)
    assert boss.client.delete(f"/webhooks/{webhook['id']}").status_code == 204
    problem(boss.client.get(f"/webhooks/{webhook['id']}/deliveries"), 404)
    other = register(boss.client, url=receiver.url)
    receiver.reply_to = lambda _: None
    boss.client.post(f"/webhooks/{other['id']}/test")
    ended(boss.client, other)
    boss.client.delete(f"/webhooks/{other['id']}")
    assert len({received.id for received in receiver.received}) == 2


def test_metrics_count_deliveries_and_what_waits(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    boss.client.post(f"/webhooks/{webhook['id']}/test")
    receiver.wait_for(1)

    def counted() -> bool:
        text = boss.client.get("/metrics").text
        queues = {f'registry_queue_depth{{queue="{queue}"}}' for queue in ("webhooks", "ingest", "downloads")}
        delivered = 'registry_webhook_delivery_seconds_count{outcome="delivered"}'
        return delivered in text and all(queue in text for queue in queues)

    eventually(counted)


def test_payload_is_compact_json(boss: Person, webhook: JsonObject, receiver: Receiver) -> None:
    publish(boss.client)
    (received,) = receiver.wait_for(1)
    assert received.body == json.dumps(received.event, ensure_ascii=False, separators=(",", ":")).encode()
