"""The mix of the load test: what users send."""

import json
from collections import Counter

import pytest

from load.results import MIX
from load.traffic import Call, User, weights

_ALL_ROUTES = ["/packages", "/package/byRegEx", "/package/{package_id}/rate"]


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


def test_answers_of_another_kind_are_counted_apart() -> None:
    rate = Call("rate", "GET", "/package/a/rate", frozenset({200, 202}))
    download = Call("download", "GET", "/package/a/content", frozenset({200, 307}))
    assert [rate.operation_of(200), rate.operation_of(202), rate.operation_of(500)] == ["rate", "rate_queued", "rate"]
    assert [download.operation_of(200), download.operation_of(307)] == ["download", "download_redirected"]
