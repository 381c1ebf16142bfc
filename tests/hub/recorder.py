"""A proxy between Hugging Face clients and a registry, which notes what they ask for and can cut answers."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.engines.imitating import Imitation, serving

_CHUNK_BYTES = 64 * 1024
_PHASES = "/phases"
_UPSTREAM_SECONDS = 60.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


@dataclass(slots=True)
class Asked:
    """A request and the bytes of its answer's body, once that has been sent. `phase` is what the client does."""

    phase: str
    method: str
    path: str
    range: str | None
    status: int
    sent_bytes: int = 0


@dataclass(slots=True)
class Recorder:
    """What was asked of `upstream`."""

    upstream: str
    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    phase: str = ""
    cuts: int = 0
    _cut_after: int | None = None

    @property
    def endpoint(self) -> str:
        return f"{self.url}/hf"

    @property
    def phases_url(self) -> str:
        return self.url + _PHASES

    def during(self, phase: str) -> list[Asked]:
        return [asked for asked in self.requests if asked.phase == phase]

    def cut_once(self, *, after: int) -> None:
        """End the next answer with a longer body after so many bytes."""
        self._cut_after = after

    def take_cut(self, length: int) -> int | None:
        """Where an answer of this length is to be cut; None: nowhere."""
        if self._cut_after is None or length <= self._cut_after:
            return None
        cut, self._cut_after = self._cut_after, None
        self.cuts += 1
        return cut


@contextmanager
def recording(upstream: str) -> Iterator[Recorder]:
    recorder = Recorder(upstream)

    with serving(type("Handler", (_Handler,), {"recorder": recorder})) as recorder.url:
        yield recorder


class _Handler(Imitation):
    recorder: Recorder
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._forward()

    def do_HEAD(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def _forward(self) -> None:
        body = self.read_body()
        if self.path == _PHASES:
            self.recorder.phase = body.decode()
            self.send_response(204)
            self.end_headers()
            return
        phase, place = self.recorder.phase, urlsplit(self.recorder.upstream)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_UPSTREAM_SECONDS)
        try:
            # The registry makes absolute links by Host: they lead back here.
            connection.request(self.command, self.path, body or None, dict(self.headers.items()))
            answer = connection.getresponse()
            # Noted before the client has its answer: what comes after that is not waited for.
            asked = Asked(phase, self.command, self.path, self.headers.get("Range"), answer.status)
            self.recorder.requests.append(asked)
            self._head(answer)
            self._body(answer, asked)
        finally:
            connection.close()

    def _head(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()

    def _body(self, answer: http.client.HTTPResponse, asked: Asked) -> None:
        length = int(answer.getheader("Content-Length") or 0)
        cut = self.recorder.take_cut(length) if self.command == "GET" else None
        left = length if cut is None else cut
        while asked.sent_bytes < left and (chunk := answer.read(min(_CHUNK_BYTES, left - asked.sent_bytes))):
            asked.sent_bytes += len(chunk)
            self.wfile.write(chunk)
        if cut is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
