"""Downloads through an imitation of CloudFront: what it lets through, and how keys are rotated."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.backends import ENGINES, SCALED, backend_settings, operate
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import log_in, publish
from tests.engines.edge import Edge, key_pair, running_edge

pytestmark = pytest.mark.engines(*ENGINES)
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Edge, RunningServer]]:
    """A server that redirects to an edge, which trusts its key."""
    settings = dict(backend_settings(request, SCALED))
    with running_edge(settings) as edge:
        private, edge.keys["K-FIRST"] = key_pair()
        settings |= {
            "REGISTRY_CLOUDFRONT_URL": edge.url,
            "REGISTRY_CLOUDFRONT_KEY_ID": "K-FIRST",
            "REGISTRY_CLOUDFRONT_PRIVATE_KEY": private,
        }
        server = start_server(server_environment(tmp_path / "data", **settings))
        yield edge, server
        server.kill()


def _location(client: httpx.Client, package_id: str) -> str:
    answer = client.get(f"/package/{package_id}/content")
    assert answer.status_code == 307
    location: str = answer.headers["location"]
    return location


def test_downloads_go_through_the_edge_and_keys_are_rotated(served: tuple[Edge, RunningServer]) -> None:
    edge, server = served
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client as client, httpx.Client(trust_env=False) as browser:
        package = publish(client, CONTENT, filename="häßlich name.bin")
        other = publish(client, b"other")
        url = _location(client, package["id"])
        assert url.startswith(edge.url + "/blobs/")

        whole = browser.get(url)
        assert (whole.status_code, whole.content) == (200, CONTENT)
        assert "name.bin" in whole.headers["content-disposition"]
        part = browser.get(url, headers={"Range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, CONTENT[1000:2000])

        # Another object with the signature of this one; a query that was not signed; a time that was not signed.
        path = url.removeprefix(edge.url).partition("?")[0]
        elsewhere = _location(client, other["id"]).removeprefix(edge.url).partition("?")[0]
        changes = [
            (path, elsewhere),
            ("octet-stream", "html"),
            ("&Expires=", "&Expires=9"),
            ("Signature=", "Signature=A"),
        ]
        for old, new in changes:
            assert old in url
            assert browser.get(url.replace(old, new, 1)).status_code == 403, (old, new)
        assert browser.get(edge.url + path).status_code == 403
        edge.seconds_ahead = 301
        assert browser.get(url).status_code == 403, "it has expired"
        edge.seconds_ahead = 0

        streamed = client.get(f"/package/{package['id']}/content", params={"redirect": "false"})
        assert streamed.content == CONTENT

        # The group trusts a second key, the server takes it, and only then the first one is removed.
        private, edge.keys["K-SECOND"] = key_pair()
        server.environment |= {"REGISTRY_CLOUDFRONT_KEY_ID": "K-SECOND", "REGISTRY_CLOUDFRONT_PRIVATE_KEY": private}
        server.stop()
        server.start()
        newer = _location(client, package["id"])
        assert "Key-Pair-Id=K-SECOND" in newer
        assert [browser.get(each).status_code for each in (url, newer)] == [200, 200]
        del edge.keys["K-FIRST"]
        assert [browser.get(each).status_code for each in (url, newer)] == [403, 200]


def test_a_key_that_cannot_sign_is_one_line_at_the_start(served: tuple[Edge, RunningServer]) -> None:
    _, server = served
    broken = server.environment | {"REGISTRY_CLOUDFRONT_PRIVATE_KEY": "no key"}
    assert "REGISTRY_CLOUDFRONT_PRIVATE_KEY: this is no private key" in operate(
        broken, "maintenance", "sweep", expected=2
    )
