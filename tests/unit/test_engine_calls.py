"""The policy of calls to engines: deadlines, tries, what is counted, and when an engine is left alone."""

import asyncio

import pytest

from registry.adapters.circuit import Circuit
from registry.adapters.engine_calls import CallPolicy, EngineCalls, EngineDown, EngineThrottling
from registry.domain.errors import NotFound, Unavailable

POLICY = CallPolicy(
    "store",
    deadline_seconds=30,
    tries={EngineDown: 3, EngineThrottling: 2},
    first_wait_seconds=1,
    longest_wait_seconds=1,
)
HASTY = CallPolicy("store", deadline_seconds=0.01, tries={EngineDown: 3})


class Engine:
    """Answers with its `outcomes` in order; an exception is raised, None is never answered."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.counted: list[tuple[str, str]] = []

    async def ask(self) -> object:
        outcome = self.outcomes.pop(0)
        if outcome is None:
            await asyncio.Event().wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def on_call(self, operation: str, seconds: float, error: Exception | None) -> None:
        assert seconds >= 0
        self.counted.append((operation, "ok" if error is None else type(error).__name__))


def translate(error: Exception) -> Exception:
    return EngineDown("down") if isinstance(error, OSError) else error


def calls_to(engine: Engine, policy: CallPolicy = POLICY, circuit: Circuit | None = None) -> EngineCalls:
    return EngineCalls(policy, translate, on_call=engine.on_call, circuit=circuit, jitter=lambda: 0.0)


async def test_each_passing_error_has_its_number_of_tries_and_every_try_is_counted() -> None:
    engine = Engine(OSError(), OSError(), "answer")
    assert await calls_to(engine).call("Get", engine.ask) == "answer"
    assert engine.counted == [("Get", "EngineDown"), ("Get", "EngineDown"), ("Get", "ok")]

    engine = Engine(EngineThrottling("x"), EngineThrottling("x"), "answer")
    with pytest.raises(EngineThrottling):
        await calls_to(engine).call("Get", engine.ask)
    assert engine.outcomes == ["answer"]


async def test_other_errors_are_not_retried() -> None:
    engine = Engine(NotFound("no"), "answer")
    with pytest.raises(NotFound):
        await calls_to(engine).call("Get", engine.ask)
    assert engine.counted == [("Get", "NotFound")]


async def test_an_answer_that_is_not_the_engines_counts_as_none() -> None:
    def check(answer: object) -> None:
        if answer == "page":
            raise EngineDown("not the engine")

    engine = Engine("page", "answer")
    assert await calls_to(engine).call("Get", engine.ask, check=check) == "answer"
    assert engine.counted == [("Get", "EngineDown"), ("Get", "ok")]


async def test_a_call_that_its_deadline_ends_is_counted_and_opens_the_circuit() -> None:
    circuit = Circuit(failures=2)
    engine = Engine(None, None, "answer")
    calls = calls_to(engine, HASTY, circuit)
    for _ in range(2):
        with pytest.raises(EngineDown, match="did not answer in time"):
            await calls.call("Get", engine.ask)
    assert engine.counted == [("Get", "EngineDown")] * 2
    assert circuit.is_open
    with pytest.raises(Unavailable, match="in a moment"):
        await calls.call("Get", engine.ask)
    assert await calls.call("Delete", engine.ask, insist=True) == "answer"
    assert not circuit.is_open


async def test_a_deadline_shared_by_several_calls_counts_the_one_that_it_ends() -> None:
    engine = Engine("first", None)
    calls = calls_to(engine, HASTY)

    async def both() -> None:
        async with calls.deadline() as deadline:
            for operation in ("One", "Two"):
                await calls.call(operation, engine.ask, within=deadline)

    with pytest.raises(EngineDown, match="did not answer in time"):
        await both()
    assert engine.counted == [("One", "ok"), ("Two", "EngineDown")]


async def test_a_deadline_between_two_tries_counts_no_call() -> None:
    engine = Engine(OSError())
    policy = CallPolicy(
        "store", deadline_seconds=0.01, tries={EngineDown: 2}, first_wait_seconds=60, longest_wait_seconds=60
    )
    calls = EngineCalls(policy, translate, on_call=engine.on_call, jitter=lambda: 1.0)
    with pytest.raises(EngineDown, match="did not answer in time"):
        await calls.call("Get", engine.ask)
    assert engine.counted == [("Get", "EngineDown")]


async def test_a_single_try_that_takes_too_long_is_tried_again() -> None:
    engine = Engine(None, "answer")
    policy = CallPolicy("store", deadline_seconds=30, try_seconds=0.01, tries={EngineDown: 2})
    assert await calls_to(engine, policy).call("Get", engine.ask) == "answer"
    assert engine.counted == [("Get", "EngineDown"), ("Get", "ok")]


async def test_a_caller_who_leaves_says_nothing_about_the_engine() -> None:
    circuit = Circuit(failures=1)
    engine = Engine(None)
    task = asyncio.create_task(calls_to(engine, POLICY, circuit).call("Get", engine.ask))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.counted == []
    assert not circuit.is_open
