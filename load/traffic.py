"""The mix: which request a user sends next. Shared by the generators that are written in Python."""

import itertools
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.publishing import multipart
from load.results import MIX
from registry.client import NewPackage

_TOLD = {("rate", 202): "rate_queued", ("download", 307): "download_redirected"}
_ROUTES = {"regex": "/package/byRegEx", "rate": "/package/{package_id}/rate"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the mix and the statuses that are no error."""

    operation: str
    method: str
    path: str
    expected: frozenset[int]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    name: str = ""

    def operation_of(self, status: int) -> str:
        """What the answer counts as: a rating that is only queued is another thing than one that is there, and so are
        bytes and the address of bytes."""
        return _TOLD.get((self.operation, status), self.operation)


def weights(paths: Iterable[str]) -> dict[str, int]:
    """How often each operation comes; those whose route is not among the served `paths` are left out."""
    served = set(paths)
    return {name: weight for name, weight in MIX["weights"].items() if _ROUTES.get(name, "/packages") in served}


def new_package(name: str, content: bytes) -> tuple[bytes, str]:
    """The body and the Content-Type that publish a small model."""
    metadata = NewPackage(name, "1.0.0", "model", description="A model of the load test.", tags=("load",))
    return multipart(metadata.to_json(), content)


class User:
    """One user: reads and downloads what all share (`ids`), changes and removes only what is its own.

    `name` keeps users apart; what a user does follows from it. Feed answers to publishing to `published`.
    """

    def __init__(self, name: str, ids: list[str], served: Mapping[str, int]) -> None:
        self._name = name
        self._ids = ids
        self._chance = random.Random(name)
        self._operations = list(served)
        self._cumulative = list(itertools.accumulate(served.values()))
        self._numbers = itertools.count()
        self._own: list[tuple[str, str]] = []
        self._content = self._chance.randbytes(MIX["content_bytes"])

    def next_call(self) -> Call:
        operation = self._chance.choices(self._operations, cum_weights=self._cumulative)[0]
        if operation in {"replace", "delete"}:
            if not self._own:
                return self._publish()
            return self._replace() if operation == "replace" else self._delete()
        if operation == "publish":
            return self._publish()
        return self._look(operation)

    def published(self, call: Call, package_id: str) -> None:
        """Tell the id that a publish was answered with."""
        self._own.append((package_id, call.name))

    def _look(self, operation: str) -> Call:
        one = f"/package/{self._chance.choice(self._ids)}"
        answered = frozenset({200})
        match operation:
            case "list":
                return Call(operation, "GET", f"/packages?limit={MIX['page']}", answered)
            case "download":
                return Call(operation, "GET", f"{one}/content", frozenset({200, 307}))
            case "rate":
                return Call(operation, "GET", f"{one}/rate", frozenset({200, 202}))
            case "regex":
                body = json.dumps({"regex": MIX["regex"]}).encode()
                headers = {"Content-Type": "application/json"}
                return Call(operation, "POST", "/package/byRegEx", answered, headers, body)
            case _:
                return Call("read", "GET", one, answered)

    def _publish(self) -> Call:
        name = f"load-{self._name}-{next(self._numbers)}"
        body, content_type = new_package(name, self._content)
        return Call("publish", "POST", "/package", frozenset({201}), {"Content-Type": content_type}, body, name)

    def _replace(self) -> Call:
        package_id, name = self._chance.choice(self._own)
        metadata = NewPackage(name, "1.0.0", "model", description=f"Change {next(self._numbers)}.", tags=("load",))
        body = json.dumps(metadata.to_json()).encode()
        headers = {"Content-Type": "application/json"}
        return Call("replace", "PUT", f"/package/{package_id}", frozenset({200}), headers, body)

    def _delete(self) -> Call:
        package_id, _ = self._own.pop()
        return Call("delete", "DELETE", f"/package/{package_id}", frozenset({204}))
