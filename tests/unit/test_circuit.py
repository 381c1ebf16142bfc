"""The circuit breaker."""

from registry.adapters.circuit import Circuit


class HandTimer:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_opens_after_failures_in_a_row_only() -> None:
    circuit = Circuit(failures=3, monotonic=HandTimer())
    for outcome in (circuit.failed, circuit.failed, circuit.succeeded, circuit.failed, circuit.failed):
        outcome()
    assert circuit.allows()

    circuit.failed()

    assert circuit.is_open
    assert not circuit.allows()


def test_lets_one_probe_through_per_rest() -> None:
    timer = HandTimer()
    circuit = Circuit(failures=1, rest_seconds=2, monotonic=timer)
    circuit.failed()
    timer.seconds += 2

    assert [circuit.allows() for _ in range(3)] == [True, False, False]

    circuit.failed()
    timer.seconds += 1.9
    assert not circuit.allows()
    timer.seconds += 0.1
    assert circuit.allows()


def test_closes_when_the_probe_succeeds() -> None:
    timer = HandTimer()
    circuit = Circuit(failures=1, rest_seconds=2, monotonic=timer)
    circuit.failed()
    timer.seconds += 2
    assert circuit.allows()

    circuit.succeeded()

    assert not circuit.is_open
    assert [circuit.allows() for _ in range(3)] == [True, True, True]
