"""Watching calls of ports: a wrapper by composition, so that no adapter and no service measures by itself."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast

from registry.domain.errors import RegistryError, Unavailable

_Port = TypeVar("_Port")


class CallObserver(Protocol):
    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        """One call has ended.

        `outcome`: `ok`, `refused` (a rule said no), `unavailable`, `cancelled` (nobody waits any more) or `error`.
        """

    def consumed(self, store: str, operation: str, units: float) -> None:
        """An engine told what a call of its consumed of the capacity that is paid for, in its own units."""


class StateObserver(CallObserver, Protocol):
    def tell_state(self, component: str, *, up: bool) -> None:
        """A component was asked, and answered or not."""


class _Observed:
    """Hands every attribute through; coroutine methods are timed. Streams (`read`, `list_…`) are not."""

    def __init__(self, port: object, store: str, observer: CallObserver) -> None:
        self._port = port
        self._store = store
        self._observer = observer

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._port, name)
        if _is_coroutine_method(member):
            member = _timed(member, self._store, name, self._observer)
        setattr(self, name, member)  # the next access does not come here
        return member


def observed(port: _Port, store: str, observer: CallObserver) -> _Port:
    """The same port, its calls told to `observer` under the name `store`."""
    return cast("_Port", _Observed(port, store, observer))


def _is_coroutine_method(member: object) -> bool:
    function = getattr(member, "__func__", member)
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x80)  # inspect.CO_COROUTINE


def _timed(
    method: Callable[..., Awaitable[Any]], store: str, name: str, observer: CallObserver
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        outcome = "error"
        try:
            result = await method(*args, **kwargs)
            outcome = "ok"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except Unavailable:
            outcome = "unavailable"
            raise
        except RegistryError:
            outcome = "refused"
            raise
        finally:
            observer.observe(store, name, time.perf_counter() - began, outcome)
        return result

    return timed
