"""Who is told of store calls, and how an engine's own account of its calls becomes theirs."""

from collections.abc import Callable

from registry.adapters.dynamodb.errors import ConditionFailed
from registry.domain.errors import RegistryError, Unavailable
from registry.services.observation import CallObserver

OnCall = Callable[[str, float, Exception | None], None]


class Observers:
    """Tells each of several observers."""

    def __init__(self) -> None:
        self.all: list[CallObserver] = []

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        for observer in self.all:
            observer.observe(store, operation, seconds, outcome)


def tell(observer: CallObserver, store: str) -> OnCall:
    """The hook for an engine's calls."""

    def on_call(operation: str, seconds: float, error: Exception | None) -> None:
        observer.observe(store, operation, seconds, _outcome(error))

    return on_call


def _outcome(error: Exception | None) -> str:
    if error is None:
        return "ok"
    if isinstance(error, Unavailable):
        return "unavailable"
    return "refused" if isinstance(error, RegistryError | ConditionFailed) else "error"
