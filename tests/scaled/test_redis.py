"""Redis goes away and comes back: the service goes on, and says so."""

from pathlib import Path

import httpx

from tests.api.server import server_environment, start_server
from tests.api.support import download, eventually, fetch, log_in, publish
from tests.engines.redis import RedisServer


def state(client: httpx.Client) -> tuple[int, str, float]:
    """The status of readiness, its word, and the metric."""
    answer = client.get("/health/ready")
    name = 'registry_component_up{component="cache"} '
    (told,) = (line.removeprefix(name) for line in client.get("/metrics").text.splitlines() if line.startswith(name))
    return answer.status_code, answer.json()["status"], float(told)


def test_the_service_goes_on_without_redis(backend: dict[str, str], tmp_path: Path, redis_server: RedisServer) -> None:
    settings = {**backend, "REGISTRY_DATA_DIR": str(tmp_path / "data"), "REGISTRY_REDIS_URL": redis_server.url}
    settings["REGISTRY_JOBS"] = "local"
    server = start_server(server_environment(tmp_path / "data", **settings))
    try:
        with log_in(server.url, server.admin_name, server.admin_password).client as client:
            eventually(lambda: state(client) == (200, "ready", 1.0))
            redis_server.stop()
            eventually(lambda: state(client) == (200, "degraded", 0.0))
            package = publish(client, b"without it")
            assert fetch(client, package)["id"] == package["id"]
            assert download(client, package).content == b"without it"
            assert client.get(f"/package/{package['id']}/rate", params={"wait": 30}).status_code == 200
            with log_in(server.url, server.admin_name, server.admin_password).client as another:
                assert another.get("/packages").status_code == 200
            redis_server.start()
            eventually(lambda: state(client) == (200, "ready", 1.0))
            eventually(lambda: client.get(f"/package/{package['id']}/rate").headers.get("x-cache") == "hit")
    finally:
        server.stop()
