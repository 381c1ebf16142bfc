"""The mix of the load test: what users send, and the keeping and judging of results."""

import json
from collections import Counter
from pathlib import Path

import pytest

from load import results
from load.histogram import Distribution
from load.results import MIX, Operation, Quantiles, Scenario, StoreCalls, Usage
from load.tables import table
from load.traffic import Call, User, weights

_ALL_ROUTES = ["/packages", "/package/byRegEx", "/package/{package_id}/rate"]


def scenario(*, mean_ms: float = 10.0, count: int = 20_000, failed: int = 0) -> Scenario:
    times = Distribution(((mean_ms, count),), mean_ms * count, mean_ms)
    total = Operation(times, {"status 500": failed} if failed else {})
    usage = (Usage(0.0, "registry", 1.0, 100), Usage(10.0, "registry", 10.0, 300))
    return Scenario(
        name="closed",
        generator="light",
        clients=100,
        arrivals_per_second=None,
        packages=500,
        workers=1,
        seconds=10.0,
        facts={"commit": "abc"},
        operations={"read": total, "list": Operation(Quantiles(1, 2.0, 3.0, 4.0, 5.0, 6.0))},
        total=total,
        timeline=(2_000, 2_000),
        usage=usage,
        stores=(StoreCalls("packages", "get", 3, 0.5, None),),
    )


def test_routes_that_are_not_served_are_left_out() -> None:
    assert weights(_ALL_ROUTES) == MIX["weights"]
    assert set(MIX["weights"]) - set(weights(["/packages"])) == {"regex", "rate"}


def test_users_send_the_mix() -> None:
    seen: Counter[str] = Counter()
    for number in range(20):
        user = User(str(number), ["a"], MIX["weights"])
        for sent in range(500):
            call = user.next_call()
            seen[call.operation] += 1
            if call.operation == "publish":
                user.published(call, f"id-{sent}")
    shares = {operation: count / seen.total() * 100 for operation, count in seen.items()}
    # Whoever owns nothing yet publishes instead of replacing and removing.
    for operation, weight in MIX["weights"].items():
        assert shares[operation] == pytest.approx(weight, abs=2.5), operation


def test_a_user_does_the_same_each_time() -> None:
    def calls() -> list[Call]:
        user = User("one", ["a", "b"], MIX["weights"])
        return [user.next_call() for _ in range(50)]

    assert calls() == calls()


def test_a_user_changes_and_removes_only_its_own() -> None:
    user = User("one", ["shared"], {"replace": 1, "delete": 1})
    first = user.next_call()
    assert first.operation == "publish"
    user.published(first, "own")
    calls = [user.next_call()]
    while calls[-1].operation == "replace":
        calls.append(user.next_call())
    assert {call.path for call in calls} == {"/package/own"}
    assert all(json.loads(call.body)["name"] == first.name for call in calls[:-1])
    assert user.next_call().operation == "publish"


def test_results_survive_being_kept(tmp_path: Path) -> None:
    kept = scenario(failed=3)
    assert results.read(results.write(tmp_path, kept)) == kept
    assert results.read_all(tmp_path) == {"closed": kept}


def test_the_digest_is_of_every_run_and_every_byte(tmp_path: Path) -> None:
    path = results.write(tmp_path / "standard", scenario())
    before = results.digest(tmp_path)
    path.write_text(path.read_text().replace("abc", "abd"))
    assert results.digest(tmp_path) != before


def test_the_cores_of_a_process_are_its_cpu_time_over_time() -> None:
    assert scenario().cores("registry") == pytest.approx(0.9)
    assert scenario().memory_bytes("registry") == 300
    assert (scenario().cores("nothing"), scenario().memory_bytes("nothing")) == (0.0, 0)


def test_targets_are_judged_one_by_one() -> None:
    assert scenario().missed("ours") == []
    assert scenario(failed=1).missed("floor") == []
    assert scenario(failed=1).missed("ours") == ["errors 0.01%"]
    slow = scenario(mean_ms=600.0, count=500)
    assert slow.missed("floor") == ["mean 600.0 ms", "p95 600.0 ms", "50 requests/s"]


def test_tables_are_markdown() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
