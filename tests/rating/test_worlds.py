"""Ranges in simulated worlds: a part of what `make trust` measures on 600."""

from trust.drawing import make_world
from trust.worlds import SIGNALS, rate_hidden, simulate, violations


async def test_no_hidden_signal_violates_a_range() -> None:
    counts = await simulate(12)
    assert {signal: count["violated"] for signal, count in counts.items()} == dict.fromkeys(SIGNALS, 0)
    assert all(counts[signal]["partial"] for signal in ("archive", "safety", "hub", "host"))


async def test_what_says_what_a_license_text_is_may_raise_the_score() -> None:
    """The hub of this world says what its unknown license text is."""
    world = make_world(44)
    truth = await rate_hidden(world, "")
    assert violations(truth, await rate_hidden(world, "hub.info"), 44) == []


async def test_a_dishonest_range_is_noticed() -> None:
    truth, other = await rate_hidden(make_world(1), ""), await rate_hidden(make_world(3), "")
    assert {"net score", "not partial"} <= set(violations(truth, other, 1))
