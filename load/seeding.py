"""Fills a registry through its API, over 16 connections at a time."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import uvloop

from bench.load import request
from load.connection import Connection
from load.traffic import new_package

_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Seed:
    """What users read: ids of small packages, and one large model for all to download at once."""

    ids: list[str]
    model_id: str
    model_bytes: int


def seed(port: int, token: Mapping[str, str], *, packages: int, model: bytes) -> Seed:
    """Publish `packages` packages of 1 KiB and a model. Raises RuntimeError when one is refused."""
    return uvloop.run(_seed(port, token, packages, model))


async def _seed(port: int, token: Mapping[str, str], packages: int, model: bytes) -> Seed:
    numbers = iter(range(packages))
    published: list[tuple[int, str]] = []

    async def run() -> None:
        connection = await Connection.opened(port)
        for number in numbers:
            content = number.to_bytes(8, "big") * 128
            published.append((number, await _publish(connection, token, f"load-model-{number}", content)))
        connection.close()

    await asyncio.gather(*itertools.starmap(run, [()] * _CONNECTIONS))
    connection = await Connection.opened(port)
    model_id = await _publish(connection, token, "load-large-model", model)
    connection.close()
    return Seed([package_id for _, package_id in sorted(published)], model_id, len(model))


async def _publish(connection: Connection, token: Mapping[str, str], name: str, content: bytes) -> str:
    body, content_type = new_package(name, content)
    answer = await connection.send(request("POST", "/package", {**token, "Content-Type": content_type}, body))
    document: dict[str, Any] = json.loads(answer.body)
    if answer.status != 201:
        raise RuntimeError(f"publishing {name}: {answer.status} {document}")
    package_id: str = document["id"]
    return package_id
