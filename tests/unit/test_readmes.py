"""The prose of READMEs."""

import time

import pytest

from registry.domain.readmes import readable

BADGE = "[![Build Status](https://ci.example/badge.svg?branch=main)](https://ci.example/runs?q=a%3Ab)"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("---\nlicense: mit\n---\n\n# Tiny\n", "# Tiny"),
        (f"{BADGE} {BADGE}\n\n# Tiny", "# Tiny"),
        ("[![Build][badge]][runs] words", "words"),
        ("See [the docs](https://a.example/b_(c)) now", "See the docs now"),
        ("See [the docs][docs] now", "See the docs now"),
        ("![A diagram](x.png) of it", "A diagram of it"),
        ("Before <!-- not shown --> after", "Before  after"),
        ("a[0] = b[1]; call(x)", "a[0] = b[1]; call(x)"),
        ("--- \nno end", "---\x20\nno end"),
    ],
)
def test_what_is_read(written: str, read: str) -> None:
    assert readable(written) == read


@pytest.mark.parametrize("piece", ["[", "![", "[a](", "[![a](", "<!--", "[ ![ ", "![a](", "---\n", "[a]((("])
def test_a_hostile_readme_takes_no_longer(piece: str) -> None:
    text = (piece * 65_536)[:65_536]
    began = time.process_time()
    readable(text)
    assert time.process_time() - began < 1.0
