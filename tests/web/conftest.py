"""A registry with a few packages, and browsers that are signed in to it."""

import base64
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import Person, eventually, log_in, publish
from tests.archive_forms import zipped
from tests.engines import chromium

_PATIENCE_MS = 60_000
"""How long a page may take: a bound for a busy machine, not a measurement."""

README = """---
license: mit
---
# BERT tiny

Text with a [link](https://example.org/paper) and a [file](weights.bin).

| metric | value |
| --- | --- |
| accuracy | 0.91 |

```python
print("hello")
```

![a diagram](https://example.org/diagram.png)
<script>document.title = "attacked"</script>
<img src="x" onerror="document.title = 'attacked'">
<a href="javascript:alert(1)">press</a>
"""


def picture() -> bytes:
    """A PNG of 4 × 2 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = (4).to_bytes(4) + (2).to_bytes(4) + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(b"\x00\x10\x40\x80\xff" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


_TENSORS = json.dumps({"__metadata__": {"format": "pt"}, "w": {"dtype": "F16", "shape": [2, 3]}}).encode()
_CELLS = [
    {"cell_type": "markdown", "source": "# A notebook\n\n**bold** <script>alert(1)</script>"},
    {"cell_type": "code", "source": "6 * 7", "execution_count": 1, "outputs": [{"data": {"text/plain": "42"}}]},
]
PREVIEWED = {
    "README.md": README.encode(),
    "config.json": b'{"layers":[1,2],"<b>":"&"}',
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "fake.png": b"<html><script>alert(1)</script>",
    "m.safetensors": len(_TENSORS).to_bytes(8, "little") + _TENSORS + bytes(12),
    "notes.ipynb": json.dumps({"nbformat": 4, "cells": _CELLS}).encode(),
    "picture.png": picture(),
    "rows.csv": b"name,value\n<b>one</b>,1\n",
    "src/main.py": b"print('<b>')\n",
}
"""A file of each kind that has a preview, and some that pretend."""
HOSTILE_NAME = "acme/\"'><svg onload=alert(1)>{{7331*1337}}"


expect.set_options(timeout=_PATIENCE_MS)


@dataclass(frozen=True, slots=True)
class Site:
    """A running registry, the ids of what is published there, by name, and the id of a webhook."""

    server: RunningServer
    admin: Person
    packages: dict[str, str]
    webhook: str

    @property
    def url(self) -> str:
        return self.server.url


def archive(**files: str) -> str:
    """A zip with these files, in base64."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name.replace("_", "."), text)
    return base64.b64encode(written.getvalue()).decode()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("web") / "data"
    server = start_server(
        server_environment(data, REGISTRY_ALLOW_PRIVATE_TARGETS="true", REGISTRY_LOAD_TEST_SECONDS="1")
    )
    admin = log_in(server.url, server.admin_name, server.admin_password)
    packages = {}
    with admin.client as client:
        for name, type_, members in (
            ("acme/bert", "model", {"license": "MIT", "tags": ["nlp"]}),
            ("acme/reviews", "dataset", {"license": "CC-BY-4.0"}),
            (
                "acme/sentiment",
                "model",
                {
                    "dependencies": [
                        {"relation": "base_model", "name": "acme/bert"},
                        {"relation": "training_dataset", "name": "acme/reviews"},
                        {"relation": "base_model", "name": "elsewhere/unknown"},
                    ]
                },
            ),
            (HOSTILE_NAME, "code", {"description": "<script>alert(1)</script>"}),
        ):
            body = {"name": name, "version": "1.0.0", "type": type_, "content_base64": archive(README_md=README)}
            answer = client.post("/package", json=body | members)
            assert answer.status_code == 201, answer.text
            packages[name] = answer.json()["id"]
            wait_for(client, f"/package/{packages[name]}/rate")
        packages["acme/files"] = publish(client, zipped(PREVIEWED), name="acme/files", type="code")["id"]
        wait_for(client, f"/package/{packages['acme/files']}/files")
        hook = {"url": "http://127.0.0.1:9/hook?q='><svg onload=alert(1)>", "events": ["package.deleted"]}
        webhook = client.post("/webhooks", json=hook)
        assert webhook.status_code == 201, webhook.text
        yield Site(server, admin, packages, webhook.json()["id"])
    server.stop()


def wait_for(client: httpx.Client, path: str) -> None:
    """Return once what is made in the background is there."""
    eventually(lambda: client.get(path, params={"wait": 30}).status_code == 200)


class Watched:
    """A page whose errors, CSP violations and requests to other hosts fail the test that used it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.page: Page = context.new_page()
        self.page.set_default_timeout(_PATIENCE_MS)
        self.faults: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._on_request)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, person: Person) -> Page:
        page = self.open("/ui/sign-in")
        page.get_by_label("Name").fill(person.name)
        page.get_by_label("Password").fill(person.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(self.url + "/ui")
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        # A page with the status of a problem is logged by the browser as a failed load.
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"other host: {request.url}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium that the tests of this folder share: each opens a context of its own.

    It ends with the folder: Playwright keeps an event loop running, beside which no asynchronous test can run.
    """
    missing = chromium.find_missing()
    if missing is not None:
        pytest.fail(missing)
    with chromium.running_chromium() as started:
        yield started


@contextmanager
def watching(browser: Browser, site: Site, **options: Any) -> Iterator[Watched]:
    """The admin, signed in, in a context of its own with `options`; no page may have a fault."""
    context = browser.new_context(**options)
    try:
        watched = Watched(context, site.url)
        watched.sign_in(site.admin)
        yield watched
        assert watched.faults == []
    finally:
        context.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext, site: Site) -> Iterator[Watched]:
    """Somebody who has not signed in."""
    watched = Watched(context, site.url)
    yield watched
    assert watched.faults == []


@pytest.fixture
def admin(visitor: Watched, site: Site) -> Watched:
    """The admin, signed in."""
    visitor.sign_in(site.admin)
    return visitor


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    """More than is sent in one request."""
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * (34 * 4096))
    return path
