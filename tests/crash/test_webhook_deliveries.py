"""SIGKILL while a delivery is on its way: it is sent again, under the same id, and none is lost."""

import threading

from tests.api.conftest import ServerFactory
from tests.api.support import eventually, listed, log_in, publish
from tests.receivers import Receiver, Reply

TIMEOUT_SECONDS = 1
"""A lease lives three times as long."""


def test_delivery_under_way_is_sent_again_after_sigkill(start: ServerFactory) -> None:
    server = start(REGISTRY_ALLOW_PRIVATE_TARGETS="true", REGISTRY_WEBHOOK_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS))
    admin = log_in(server.url, server.admin_name, server.admin_password)
    held = threading.Event()
    with admin.client as client, Receiver().served() as receiver:
        receiver.replies.append(Reply(hold=held))
        body = {"url": receiver.url, "events": ["package.created", "package.deleted"]}
        webhook = client.post("/webhooks", json=body).json()
        package = publish(client)
        assert client.delete(f"/package/{package['id']}").status_code == 204
        (lost,) = receiver.wait_for(1)

        server.kill()
        held.set()
        server.start()

        again, following = receiver.wait_for(3)[1:]
        assert (again.id, again.body) == (lost.id, lost.body)
        assert again.verified(webhook["secret"])["type"] == "package.created"
        assert following.verified(webhook["secret"])["type"] == "package.deleted"
        log = f"/webhooks/{webhook['id']}/deliveries"
        eventually(lambda: [each["status"] for each in listed(client, log)] == ["delivered"] * 2)
        assert [each["attempts"] for each in listed(client, log)] == [1, 2]
