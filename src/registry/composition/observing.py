"""Who observes store calls."""

from registry.telemetry.observation import CallObserver


class Observers:
    """Reports to each of several observers."""

    def __init__(self) -> None:
        self.all: list[CallObserver] = []

    def observe(self, store: str, operation: str, seconds: float, outcome: str) -> None:
        for observer in self.all:
            observer.observe(store, operation, seconds, outcome)

    def consumed(self, store: str, operation: str, units: float) -> None:
        for observer in self.all:
            observer.consumed(store, operation, units)
