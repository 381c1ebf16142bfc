"""Requests byte by byte, for what no HTTP client would send."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.api.support import JsonObject

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it came: names of headers in lower case, the last of equal ones."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> JsonObject:
        found: JsonObject = json.loads(self.body)
        return found


@contextmanager
def connection(url: str) -> Iterator[socket.socket]:
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 80), timeout=PATIENCE_SECONDS) as line:
        yield line


def head(method: str, target: str, *fields: str, host: str = "registry.test", version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", *([f"Host: {host}"] if host else []), *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read_answer(stream: Any) -> Answer | None:
    """The next response of a connection's file; None where the server has closed it instead."""
    first = stream.readline()
    if not first:
        return None
    headers = {}
    while line := stream.readline().rstrip(b"\r\n"):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    status = int(first.split()[1])
    length = int(headers.get("content-length", "0"))
    return Answer(status, headers, stream.read(length))


def exchange(url: str, *pieces: bytes, pause: float = 0.0) -> Answer | None:
    """Send these bytes, and read one response."""
    with connection(url) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)
        with line.makefile("rb") as stream:
            return read_answer(stream)


def all_answers(url: str, data: bytes) -> list[Answer]:
    """Send these bytes, and read until the server closes the connection."""
    found = []
    with connection(url) as line:
        line.sendall(data)
        with line.makefile("rb") as stream:
            while (answer := read_answer(stream)) is not None:
                found.append(answer)
    return found
