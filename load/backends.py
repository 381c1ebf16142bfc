"""The registries that are measured: started here, on either storage backend, or one that runs already."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bench.servers import ADMIN_PASSWORD, data_folder, registry_server, signed_in
from tests.api.backends import Engines, operate, scaled_settings
from tests.engines import dynamodb, redis, s3

EMBEDDED, SCALED = "embedded", "scaled"


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that answers. `pid` is None for one that was started elsewhere; `client` is its admin's."""

    backend: str
    url: str
    workers: int
    pid: int | None
    client: httpx.Client

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    @property
    def token_header(self) -> dict[str, str]:
        return {"Authorization": self.client.headers["Authorization"]}

    @property
    def token(self) -> str:
        return self.token_header["Authorization"].removeprefix("Bearer ")


def missing_engines() -> list[str]:
    """What the storage backend at scale needs and this machine has not, in words."""
    return [reason for engine in (dynamodb, s3, redis) if (reason := engine.find_missing())]


@contextlib.contextmanager
def embedded(*, workers: int = 1) -> Iterator[Registry]:
    """`registry serve` on a new data folder."""
    with data_folder() as folder, registry_server(folder, workers=workers) as server, signed_in(server) as client:
        yield Registry(EMBEDDED, server.url, workers, server.pid, client)


@contextlib.contextmanager
def scaled(*, workers: int = 1) -> Iterator[Registry]:
    """`registry serve` on DynamoDB Local, an S3 server and Redis of its own, on this machine."""
    with (
        dynamodb.running_dynamodb() as dynamodb_url,
        s3.running_s3() as blobs,
        redis.running_redis() as cache,
        data_folder() as folder,
    ):
        settings = scaled_settings(Engines(dynamodb_url, blobs.endpoint_url, cache.url))
        settings |= {"REGISTRY_ADMIN_PASSWORD": ADMIN_PASSWORD}
        for group in ("tables", "bucket"):
            operate(settings, group, "create")
        with registry_server(folder, settings, workers=workers) as server, signed_in(server) as client:
            yield Registry(SCALED, server.url, workers, server.pid, client)


@contextlib.contextmanager
def running(url: str) -> Iterator[Registry]:
    """A registry on 127.0.0.1 whose admin's password is in REGISTRY_ADMIN_PASSWORD. It is filled, not cleaned."""
    with httpx.Client(base_url=url, timeout=60.0, trust_env=False) as client:
        form = {"username": "admin", "password": os.environ["REGISTRY_ADMIN_PASSWORD"]}
        answer = client.post("/auth/token", data=form).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Registry("one that was running", url, 1, None, client)
