"""Patterns of names, against the same said as a regular expression."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import InvalidInput
from registry.domain.name_patterns import ALL_NAMES, NamePatterns

_TEXTS = st.text("ab*/", min_size=1, max_size=8)


@given(_TEXTS, st.text("ab/", max_size=8))
def test_covers_what_a_regular_expression_would(pattern: str, name: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert NamePatterns((pattern,)).covers(name) == bool(re.fullmatch(expression, name))


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("acme/*", "acme/bert", True),
        ("acme/*", "acme/bert/large", True),
        ("acme/*", "acme", False),
        ("acme/*", "Acme/bert", False),
        ("acme/*", "xacme/bert", False),
        ("a*a", "a", False),
        ("acme", "acme/bert", False),
    ],
)
def test_examples(pattern: str, name: str, *, covered: bool) -> None:
    assert NamePatterns((pattern,)).covers(name) is covered


def test_many_stars_cost_no_more() -> None:
    begun = time.process_time()
    assert not NamePatterns(("*a" * 100,)).covers("a" * 99 + "b" * 101)
    assert time.process_time() - begun < 0.1


def test_all_names() -> None:
    assert ALL_NAMES.covers_all
    assert NamePatterns(("acme/*", "**")).covers_all
    assert not NamePatterns(("a*",)).covers_all


@given(_TEXTS, st.text("ab/", max_size=4))
def test_all_names_of_a_namespace(pattern: str, rest: str) -> None:
    patterns = NamePatterns((pattern,))
    if patterns.cover_all_in("a"):
        assert patterns.covers(f"a/{rest}")
        assert patterns.reach_into("a")


def test_some_names_of_a_namespace_are_not_all() -> None:
    found = {each: NamePatterns((each,)).cover_all_in("a") for each in ("*", "a/*", "a*", "*/*", "a/b*", "*b", "a/")}
    assert found == {"*": True, "a/*": True, "a*": True, "*/*": True, "a/b*": False, "*b": False, "a/": False}


@pytest.mark.parametrize("texts", [[], [""], [" a"], ["a "], ["ä"], ["a\n"], ["a" * 201], ["a"] * 51])
def test_what_is_no_pattern_is_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidInput):
        NamePatterns.parse(texts, pointer="/packages")
