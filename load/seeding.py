"""Fills a registry through its API, over many connections at a time, so that packages share their commits."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import uvloop

from bench.load import request
from load.connection import Connection
from load.traffic import new_package

_TRIES = 60
"""With a second between them: engines on the same machine may be at their bound (503) when they have just begun."""


def seed(port: int, token: Mapping[str, str], run: str, numbers: Iterable[int], *, connections: int) -> list[str]:
    """Publish a package of 1 KiB for each number; their ids. Raises RuntimeError when one is refused.

    `run` keeps names of several runs on one registry apart.
    """
    return uvloop.run(_seed(port, token, run, iter(numbers), connections))


def publish_model(port: int, token: Mapping[str, str], run: str, model: bytes) -> str:
    """Publish the model that all download at once; its id. Raises RuntimeError when it is refused."""

    async def publish() -> str:
        connection = await Connection.opened(port)
        package_id = await _publish(connection, token, f"{run}load-large-model", model)
        connection.close()
        return package_id

    return uvloop.run(publish())


async def _seed(port: int, token: Mapping[str, str], run: str, numbers: Iterator[int], connections: int) -> list[str]:
    published: list[tuple[int, str]] = []

    async def publish_some() -> None:
        connection = await Connection.opened(port)
        for number in numbers:
            content = number.to_bytes(8, "big") * 128
            published.append((number, await _publish(connection, token, f"{run}load-model-{number}", content)))
        connection.close()

    await asyncio.gather(*(publish_some() for _ in range(connections)))
    return [package_id for _, package_id in sorted(published)]


async def _publish(connection: Connection, token: Mapping[str, str], name: str, content: bytes) -> str:
    body, content_type = new_package(name, content)
    sent = request("POST", "/package", {**token, "Content-Type": content_type}, body)
    for tries in range(_TRIES):
        answer = await connection.send(sent)
        document: dict[str, Any] = json.loads(answer.body)
        if answer.status == 201:
            package_id: str = document["id"]
            return package_id
        if answer.status == 409 and tries:
            existing_id: str = document["existing_id"]  # done all the same, the time before
            return existing_id
        if answer.status != 503:
            break
        await asyncio.sleep(1)
    raise RuntimeError(f"publishing {name}: {answer.status} {document}")
