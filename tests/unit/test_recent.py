"""Of recent values, the one that was not used for longest goes first."""

from registry.domain.recent import Recent


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
