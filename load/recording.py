"""What a generator of ours saw: times and errors for each operation, and how many answers each second brought."""

import time
from collections import Counter

from load.histogram import Distribution, Recorder
from load.results import Operation


class Recording:
    """Begins when it is made; `lasted_seconds` is when the last answer came."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.lasted_seconds = 0.0
        self._times: dict[str, Recorder] = {}
        self._errors: dict[str, Counter[str]] = {}
        self._by_second: Counter[int] = Counter()

    def add(self, operation: str, latency_seconds: float, *, error: str | None = None) -> None:
        """One answer, now; `error` is its class when it was not what the mix expects."""
        self._times.setdefault(operation, Recorder()).add(latency_seconds * 1000)
        self.lasted_seconds = time.perf_counter() - self.began
        self._by_second[int(self.lasted_seconds)] += 1
        if error:
            self._errors.setdefault(operation, Counter())[error] += 1

    def operations(self) -> dict[str, Operation]:
        return {
            name: Operation(recorder.distribution(), dict(self._errors.get(name, {})))
            for name, recorder in sorted(self._times.items())
        }

    def timeline(self) -> tuple[int, ...]:
        return tuple(self._by_second[second] for second in range(max(self._by_second, default=-1) + 1))


def total(operations: dict[str, Operation]) -> Operation:
    """All operations that have a histogram, as one."""
    errors: Counter[str] = Counter()
    for operation in operations.values():
        errors.update(operation.errors)
    times = [operation.times for operation in operations.values() if isinstance(operation.times, Distribution)]
    return Operation(Distribution.joined(times), dict(errors))
