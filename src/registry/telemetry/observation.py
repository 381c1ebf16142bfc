"""Watching calls of ports, so that no adapter and no service measures by itself.

`observed_records` and `observed_stores` have a class for each port.
"""

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar

from registry.domain.errors import RegistryError, Unavailable

_P = ParamSpec("_P")
_R = TypeVar("_R")


class CallObserver(Protocol):
    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        """One call has ended.

        `outcome`: `ok`, `refused` (a rule said no), `unavailable`, `cancelled` (nobody waits any more) or `error`.
        """

    def consumed(self, store: str, operation: str, units: float) -> None:
        """An engine reported what one of its calls consumed of the capacity that is paid for, in its own units."""


class StateObserver(CallObserver, Protocol):
    def report_state(self, component: str, *, up: bool) -> None:
        """A component was asked, and answered or not."""


class Timed:
    """Wraps methods of ports so that their calls are reported to `observer` under the name `store`."""

    def __init__(self, store: str, observer: CallObserver) -> None:
        self._store = store
        self._observer = observer

    def __call__(self, method: Callable[_P, Coroutine[Any, Any, _R]]) -> Callable[_P, Coroutine[Any, Any, _R]]:
        """The same method, timed. Its operation is the method's name."""
        store, observe, name = self._store, self._observer.observe, method.__name__

        @functools.wraps(method)
        async def timed(*args: _P.args, **kwargs: _P.kwargs) -> _R:
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
                observe(store, name, time.perf_counter() - began, outcome)
            return result

        return timed
