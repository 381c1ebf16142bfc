"""The engine as a server: `python -m bench.engine PORT [DELAY_MS] [WCU_PER_KEY]`.

Serves DynamoDB's JSON protocol without looking at signatures; `GET /` answers the counters, `DELETE /` clears them.
With a delay each answer is late by so much; a partition key that takes more than so many write units in a second is
throttled, as one key is on AWS (1,000).
"""

import asyncio
import time
import zlib
from collections import Counter
from typing import Any

import httptools
import orjson
import uvloop

from bench.engine.capacity import Counters
from bench.engine.operations import Engine, Refused

_PREFIX = len("DynamoDB_20120810.")


class _Throttle:
    """Refuses calls while a partition key has had more than its write units in this second."""

    def __init__(self, most_per_key: float) -> None:
        self._most = most_per_key
        self._second = -1
        self._before = Counter[str]()

    def check(self, counters: Counters) -> None:
        """Raises Refused."""
        if not self._most:
            return
        second, seen = int(time.monotonic()), counters.write_by_partition
        if second != self._second:
            self._second, self._before = second, seen.copy()
        if any(units - self._before[key] > self._most for key, units in seen.most_common(3)):
            counters.throttled += 1
            raise Refused("ProvisionedThroughputExceededException", "The level of configured throughput was exceeded")


class _Connection(asyncio.Protocol):
    def __init__(self, engine: Engine, throttle: _Throttle, *, delay_seconds: float) -> None:
        self._engine = engine
        self._delay = delay_seconds
        self._throttle = throttle
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._target, self._body = "", bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"x-amz-target":
            self._target = value.decode()[_PREFIX:]

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status, body = self._answer()
        self._begin()
        head = (
            f"HTTP/1.1 {status} .\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-requestid: 1\r\n"
            f"x-amz-crc32: {zlib.crc32(body)}\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode()
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, head + body)
        else:
            self._transport.write(head + body)

    def _answer(self) -> tuple[int, bytes]:
        method, engine = self._parser.get_method(), self._engine
        if method == b"DELETE":
            engine.counters = Counters()
        if method != b"POST":
            return 200, orjson.dumps(engine.counters.document())
        try:
            self._throttle.check(engine.counters)
            return 200, orjson.dumps(engine.call(self._target, orjson.loads(self._body)))
        except Refused as refusal:
            return 400, orjson.dumps(refusal.document)


async def serve(port: int, *, delay_seconds: float = 0.0, most_per_key: float = 0.0) -> asyncio.Server:
    """A server of an empty engine on 127.0.0.1; 0 is any free port."""
    engine, throttle = Engine(), _Throttle(most_per_key)
    return await asyncio.get_running_loop().create_server(
        lambda: _Connection(engine, throttle, delay_seconds=delay_seconds), "127.0.0.1", port
    )


async def _main(port: int, delay_ms: float = 0.0, most_per_key: float = 0.0) -> None:
    server = await serve(port, delay_seconds=delay_ms / 1000, most_per_key=most_per_key)
    await server.serve_forever()


def main(port: str, *rest: str) -> None:
    uvloop.run(_main(int(port), *map(float, rest)))
