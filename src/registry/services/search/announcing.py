"""Telling of changes: a wrapper by composition, so that no service can forget to."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

_Port = TypeVar("_Port")


class _Announcing:
    """Hands every attribute through; after the methods in `changing` have succeeded, `announce` is awaited."""

    def __init__(self, port: object, changing: frozenset[str], announce: Callable[[], Awaitable[None]]) -> None:
        self._port = port
        for name in changing:
            setattr(self, name, _announced(getattr(port, name), announce))

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._port, name)
        setattr(self, name, member)  # the next access does not come here
        return member


def announcing(port: _Port, changing: frozenset[str], announce: Callable[[], Awaitable[None]]) -> _Port:
    """The same port, whose `changing` methods return once `announce` has returned, too.

    `announce` must not raise: the change is made by then.
    """
    return cast("_Port", _Announcing(port, changing, announce))


def _announced(method: Callable[..., Awaitable[Any]], announce: Callable[[], Awaitable[None]]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def announced(*args: Any, **kwargs: Any) -> Any:
        result = await method(*args, **kwargs)
        await announce()
        return result

    return announced
