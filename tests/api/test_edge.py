"""The cache at the edge: public responses carry a tag, and a change has CloudFront forget them."""

from pathlib import Path

import pytest

from tests.api.backends import BACKENDS, backend_settings
from tests.api.server import server_environment, start_server
from tests.api.support import connect, eventually, log_in, publish
from tests.engines.cloudfront import running_cloudfront
from tests.engines.s3 import ACCESS_KEY, SECRET_KEY

TAG = "x-amz-meta-cache-tag"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_change_has_the_edge_forget_what_it_holds(
    tmp_path: Path, request: pytest.FixtureRequest, backend: str
) -> None:
    with running_cloudfront({ACCESS_KEY: SECRET_KEY}) as cloudfront:
        settings = {
            **backend_settings(request, backend),
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "REGISTRY_ANONYMOUS": "search,download",
            "REGISTRY_EDGE_DISTRIBUTION_ID": cloudfront.distribution_id,
            "REGISTRY_EDGE_ENDPOINT_URL": cloudfront.url,
        }
        server = start_server(server_environment(tmp_path / "data", **settings))
        try:
            admin = log_in(server.url, server.admin_name, server.admin_password)
            with admin.client as client, connect(server.url) as nobody:
                package = publish(client, b"bytes")
                path, tag = f"/package/{package['id']}", f"package-{package['id']}"
                kept = nobody.get(path)
                assert kept.headers[TAG] == tag
                assert "stale-while-revalidate" in kept.headers["cache-control"]
                assert TAG not in client.get(path).headers, "what a caller with a token gets is in no shared cache"
                assert TAG not in nobody.get("/packages").headers
                draft = publish(client, b"other bytes", status="draft")
                for each in (f"/package/{draft['id']}", path):
                    assert client.patch(each, json={"description": "changed"}).status_code == 200
                eventually(lambda: f"#{tag}" in cloudfront.items)
                told = len(cloudfront.items)
                assert client.delete(path).status_code == 204
                eventually(lambda: f"#{tag}" in cloudfront.items[told:])
                assert client.get("/webhooks").json()["items"] == []
                for outcome in ("done", "skipped"):
                    counted = f'registry_edge_invalidations_total{{outcome="{outcome}"}}'
                    eventually(lambda: counted in client.get("/metrics").text)  # noqa: B023 - called here
                assert f"#package-{draft['id']}" not in cloudfront.items
            assert cloudfront.refused == []
        finally:
            server.stop()


def test_without_a_distribution_there_are_no_tags(tmp_path: Path) -> None:
    server = start_server(server_environment(tmp_path / "data", REGISTRY_ANONYMOUS="search"))
    try:
        with log_in(server.url, server.admin_name, server.admin_password).client as client:
            package = publish(client, b"bytes")
        with connect(server.url) as nobody:
            assert TAG not in nobody.get(f"/package/{package['id']}").headers
    finally:
        server.stop()
