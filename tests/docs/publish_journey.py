"""Which modules of the registry a publish enters. `python -m tests.docs.publish_journey` prints them by package.

A small zip is published as multipart, on the embedded storage backend, without background loops. Counted are the
modules of which a function runs between the request's first byte and the response's last, in any thread of the server's
process, once the same kind of request has been answered before. Work in the isolated parsing process is not in it.
"""

import asyncio
import io
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from registry.api.state import Stopping
from registry.app import api_state, create_app
from registry.composition import open_registry
from registry.settings import Settings

_PASSWORD = "the-password-of-a-test"


class _Trace:
    def __init__(self) -> None:
        self.modules: dict[str, None] = {}
        self.on = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if self.on and event == "call":
            name = frame.f_globals.get("__name__", "")
            if name.startswith("registry."):
                self.modules[name.removeprefix("registry.")] = None


@contextmanager
def _tracing() -> Iterator[_Trace]:
    """Before the server starts: threads that exist already cannot be traced."""
    trace = _Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _archive() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("README.md", "# A model")
    return stored.getvalue()


async def _publish(folder: Path, trace: _Trace) -> None:
    settings = Settings(
        data_dir=folder, admin_password=SecretStr(_PASSWORD), github_api_url="", huggingface_url="", _env_file=None
    )
    app = create_app(settings)
    async with open_registry(settings) as running:
        app.state.api = api_state(running, settings, CollectorRegistry(), Stopping())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            form = {"grant_type": "password", "username": "admin", "password": _PASSWORD}
            token = (await client.post("/auth/token", data=form)).raise_for_status().json()["access_token"]
            for version in ("1.0.0", "1.0.1"):
                trace.on = version == "1.0.1"
                metadata = f'{{"name": "acme/model", "version": "{version}", "type": "model"}}'
                answer = await client.post(
                    "/package",
                    headers={"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-of-{version}"},
                    files={
                        "metadata": ("", metadata, "application/json"),
                        "content": ("model.zip", _archive(), "application/zip"),
                    },
                )
                trace.on = False
                answer.raise_for_status()


def modules_entered() -> list[str]:
    """The modules, in the order in which they are entered first."""
    with tempfile.TemporaryDirectory() as folder, _tracing() as trace:
        asyncio.run(_publish(Path(folder), trace))
        return list(trace.modules)


if __name__ == "__main__":
    entered = modules_entered()
    for layer in dict.fromkeys(name.partition(".")[0] for name in entered):
        here = [name for name in entered if name.partition(".")[0] == layer]
        sys.stdout.write(f"{layer} ({len(here)}): {', '.join(name.partition('.')[2] or name for name in here)}" + "\n")
    sys.stdout.write(f"{len(entered)}\n")
