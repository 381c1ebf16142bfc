"""The whole service in this process, over real stores, without a socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from registry.app import create_app
from registry.settings import Settings
from tests.api.conftest import start
from tests.performance.tracing import Tracer, tracing

__all__ = ["start"]

_PASSWORD = "a-password-of-tests"


@dataclass(frozen=True, slots=True)
class Service:
    """`client` is the admin's."""

    client: httpx.AsyncClient
    tracer: Tracer
    database: Path


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    settings = Settings(data_dir=tmp_path, admin_password=SecretStr(_PASSWORD), github_api_url="", huggingface_url="")
    with tracing() as tracer:
        app = create_app(settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
        ):
            form = {"username": "admin", "password": _PASSWORD}
            token = (await client.post("/auth/token", data=form)).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield Service(client, tracer, tmp_path / "registry.db")
