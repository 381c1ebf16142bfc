"""A local server that answers as GitHub, the Hugging Face Hub and a chat endpoint do, faults included."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from tests.upstreams.pages import Page, chat_page, github_page, huggingface_page

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Fault(Enum):
    SILENT = "never answers"
    LIMITED = "403, the rate limit is used up"
    BROKEN = "503"
    CUT = "the connection ends in the middle of the body"
    NONSENSE = "200 with something that is no JSON"
    LYING = "200 with JSON of another form"
    ENDLESS = "200 with a body that is far too long"
    ELSEWHERE = "redirects to another host"
    MISSING = "404"


LIMIT_RESET = 1_795_449_600  # 2026-11-23T16:00:00Z


@dataclass
class Upstreams:
    """The server as tests see it: `faults` by path prefix, `requests` as (method, path, headers, body) in order.

    `cuts`: by path, after how many bytes of the body the connection ends, for each of the next answers.
    """

    base_url: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    pages: dict[str, Page] = field(default_factory=dict)
    chat_content: str = '{"score": 0.8, "reason": "numbers with their datasets"}'
    cuts: dict[str, list[int]] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None
    limit_reset: int = LIMIT_RESET

    def release(self) -> None:
        """Have silent requests answered at last. From any thread."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.released.set)

    def count(self, part: str) -> int:
        return sum(part in path for _, path, _, _ in self.requests)

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send
    ) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        self.requests.append((scope["method"], scope["path"] + ("?" + query if query else ""), headers, body))
        fault = next((fault for prefix, fault in self.faults.items() if scope["path"].startswith(prefix)), None)
        if fault is not None:
            await self._fail(fault, send)
            return
        page = self._page(scope["path"], parse_qs(query))
        if cuts := self.cuts.get(scope["path"]):
            await _send_cut(send, page, cuts.pop(0))
            return
        await self._answer(page, headers, send)

    def _page(self, path: str, query: dict[str, list[str]]) -> Page:
        if path in self.pages:
            return self.pages[path]
        if path.startswith("/github"):
            return github_page(path.removeprefix("/github"), query)
        if path.startswith("/v1"):
            return chat_page(self.chat_content)
        return huggingface_page(path.removeprefix("/hub"))

    async def _answer(self, page: Page, headers: dict[str, str], send: Send) -> None:
        body = page.body if isinstance(page.body, bytes) else json.dumps(page.body).encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        status = 304 if page.status == 200 and headers.get("if-none-match") == etag else page.status
        given = {**page.headers, "ETag": etag} if page.status == 200 else page.headers
        if status == 200 and (start := headers.get("range", "").removeprefix("bytes=").removesuffix("-")):
            given["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status, body = 206, body[int(start) :]
        await _send(send, status, b"" if status == 304 else body, given)

    async def _fail(self, fault: Fault, send: Send) -> None:
        match fault:
            case Fault.SILENT:
                await self.released.wait()
                await _send(send, 200, b"{}", {})
            case Fault.LIMITED:
                reset = str(self.limit_reset)
                limit = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
                await _send(send, 403, b'{"message": "API rate limit exceeded for 127.0.0.1."}', limit)
            case Fault.BROKEN:
                await _send(send, 503, b"<html>Unicorn!</html>", {})
            case Fault.CUT:
                await _send(send, 200, b'{"half": ', {"Content-Length": "1000"})
            case Fault.NONSENSE:
                await _send(send, 200, b"<html>not what you asked for</html>", {})
            case Fault.LYING:
                await _send(
                    send, 200, b'{"likes": -5, "downloads": 1e400, "stargazers_count": true, "tree": "none"}', {}
                )
            case Fault.ENDLESS:
                await _send(send, 200, b"[" + b"0," * 200_000 + b"0]", {})
            case Fault.ELSEWHERE:
                await _send(send, 302, b"", {"Location": "http://192.0.2.1/"})
            case Fault.MISSING:
                await _send(send, 404, b'{"message": "Not Found", "status": "404"}', {})


async def _send_cut(send: Send, page: Page, length: int) -> None:
    head = [(b"content-length", str(len(page.body)).encode())]
    await send({"type": "http.response.start", "status": page.status, "headers": head})
    await send({"type": "http.response.body", "body": page.body[:length]})


async def _send(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serve_upstreams(port: int = 0) -> AsyncIterator[Upstreams]:
    """The server on a port of the loopback interface; 0: a free one."""
    upstreams = Upstreams(loop=asyncio.get_running_loop())
    config = uvicorn.Config(upstreams, log_config=None, lifespan="off", access_log=False, loop="none")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        upstreams.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.001)
        try:
            yield upstreams
        finally:
            upstreams.released.set()
            server.should_exit = True
            await running
