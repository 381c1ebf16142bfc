"""Of recent values, the one that was not used for longest goes first."""

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.recent import Recent, RecentBytes


def test_the_value_that_was_not_used_for_longest_goes() -> None:
    recent = Recent[str, int](2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert ("b" in recent, recent.get("b")) == (False, None)
    assert (recent.get("a"), recent.get("c")) == (1, 3)


def test_a_value_that_is_replaced_takes_no_further_place() -> None:
    recent = Recent[str, int](2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.put("a", 3)
    assert (recent.get("a"), recent.get("b")) == (3, 2)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 130), st.booleans())), st.sampled_from("abcdef"))
def test_the_bytes_of_what_was_used_last_stay_within_their_bound(puts: list[tuple[str, int, bool]], used: str) -> None:
    recent = RecentBytes[str, bytes](100, size=len)
    expected: dict[str, bytes] = {}  # the one that was not used for longest first
    for key, size, dropped in puts:
        if dropped:
            recent.drop(key)
            expected.pop(key, None)
            continue
        if recent.get(used) is not None:
            expected[used] = expected.pop(used)
        recent.put(key, bytes(size))
        expected.pop(key, None)
        expected[key] = bytes(size)
        while sum(map(len, expected.values())) > 100 and len(expected) > 1:
            del expected[next(iter(expected))]
    assert {key: recent.get(key) for key in "abcdef"} == {key: expected.get(key) for key in "abcdef"}


def test_one_that_is_larger_than_the_bound_stays_until_the_next() -> None:
    recent = RecentBytes[str, bytes](100, size=len)
    recent.put("a", bytes(10))
    recent.put("b", bytes(200))
    assert (recent.get("a"), recent.get("b")) == (None, bytes(200))
    recent.put("c", bytes(90))
    assert (recent.get("b"), recent.get("c")) == (None, bytes(90))
