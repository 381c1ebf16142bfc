"""Semantic versions: the specification's examples, and ranges as the HTTP contract words them."""

from itertools import pairwise

import pytest

from registry.domain.errors import InvalidInput
from registry.domain.versions import Version, VersionRange

# https://semver.org/#spec-item-11, with numbers whose text order is another than their own.
RISING = [
    "0.0.0-0",
    "0.0.0",
    "0.0.9",
    "0.0.10",
    "0.2.0",
    "0.10.0",
    "1.0.0--",
    "1.0.0-0a",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.1.0",
    "1.0.0-alpha.2",
    "1.0.0-alpha.10",
    "1.0.0-alpha.-",
    "1.0.0-alpha.beta",
    "1.0.0-alpha-",
    "1.0.0-alpha-a",
    "1.0.0-alpha0",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0",
    "1.0.1",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "10.0.0",
    "99999999999999999999.0.0",
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(RISING)))
def test_precedence(lower: str, higher: str) -> None:
    assert Version.parse(lower) < Version.parse(higher)
    assert Version.parse(lower).sort_key < Version.parse(higher).sort_key


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "a.b.c", "1.2.x", "-1.2.3", "1.2.-3"),
        *("1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3-é", "1.2.3+", "1.2.3+a..b", "1.2.3+a+b", "1.2.3-a_b"),
        *(" 1.2.3", "1.2.3 ", "1.2.3\n", "V1.2.3", "vv1.2.3", "=1.2.3", "١.2.3", "1.2.3-" + "a" * 123),
    ],
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Version.parse(text)
    assert caught.value.errors[0].pointer == "/version"


def test_leading_v_is_stripped() -> None:
    assert str(Version.parse("v1.2.3-rc.1+b.01")) == "1.2.3-rc.1+b.01"
    assert Version.parse("v1.2.3") == Version.parse("1.2.3")


def test_build_distinguishes_and_does_not_precede() -> None:
    plain, built = Version.parse("1.0.0"), Version.parse("1.0.0+b")

    assert plain != built
    assert len({plain, built, Version.parse("1.0.0+b")}) == 2
    assert plain.sort_key == built.sort_key


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1.2.3", ["1.2.3"], ["1.2.4", "1.2.3-rc.1", "1.2.3+b"]),
        ("v1.2.3", ["1.2.3"], ["1.2.4"]),
        ("=1.2.3-rc.1", ["1.2.3-rc.1"], ["1.2.3", "1.2.3-rc.2"]),
        ("1.2.3-rc.1", ["1.2.3-rc.1"], ["1.2.3"]),
        ("1.2.3+b", ["1.2.3+b"], ["1.2.3", "1.2.3+c"]),
        # Both ends included; builds of an end belong to it.
        ("1.2.3-2.1.0", ["1.2.3", "1.2.3+b", "1.10.0", "2.1.0", "2.1.0+b"], ["1.2.2", "2.1.1", "2.1.0-rc.1"]),
        ("1.2.3 - 2.1.0", ["1.2.3", "2.1.0"], ["2.1.1"]),
        ("1.2.3-1.2.3", ["1.2.3", "1.2.3+b"], ["1.2.4", "1.2.3-rc.1"]),
        # What can be read as bounded is, though 4.5.6 might be a prerelease; `=` says it is one.
        ("1.2.3-4.5.6", ["4.0.0"], ["1.2.3-4.5.6"]),
        ("=1.2.3-4.5.6", ["1.2.3-4.5.6"], ["4.0.0"]),
        ("1.2.3-rc.1-2.0.0", ["1.2.3-rc.1", "1.2.3-rc.2", "1.2.3", "2.0.0"], ["1.2.3-beta", "1.2.4-rc.1", "2.0.0-0"]),
        ("1.2.3-2.0.0-rc.1", ["1.2.3", "1.9.0", "2.0.0-beta", "2.0.0-rc.1"], ["2.0.0", "2.0.0-rc.2", "1.9.0-rc.1"]),
        # Of two readings the one that rises: 1.0.0-0.3.7 is a prerelease, 0.3.7-1.0.0 another.
        ("1.0.0-0.3.7-1.0.0", ["1.0.0-0.3.7", "1.0.0-rc.1", "1.0.0"], ["1.0.0-0.3.6", "0.9.0", "1.0.1"]),
        ("~1.2.3", ["1.2.3", "1.2.99"], ["1.2.2", "1.3.0", "1.3.0-rc.1", "1.2.4-rc.1"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.1.9", "1.3.0", "1.2.0-rc.1"]),
        ("~1", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0", "2.0.0-0"]),
        ("~0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
        ("~1.2.3-beta.2", ["1.2.3-beta.2", "1.2.3-beta.10", "1.2.3", "1.2.4"], ["1.2.3-beta.1", "1.2.4-beta.2"]),
        ("^1.2.3", ["1.2.3", "1.99.0"], ["1.2.2", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.2.2", "0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.2", "0.0.4"]),
        ("^0.0.0", ["0.0.0"], ["0.0.1"]),
        ("^1.2.3-beta.2", ["1.2.3-beta.4", "1.9.9"], ["1.2.3-beta.1", "1.2.4-beta.2"]),
        ("^0.0.3-beta", ["0.0.3-pr.2", "0.0.3"], ["0.0.3-alpha", "0.0.4"]),
        ("^1.2", ["1.2.0", "1.9.0"], ["2.0.0", "1.1.9"]),
        ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
        ("^0", ["0.0.0", "0.9.0"], ["1.0.0"]),
        ("^1", ["1.0.0", "1.9.0"], ["2.0.0"]),
        (" ^ v1.2.3 ", ["1.2.3"], ["2.0.0"]),
    ],
)  # fmt: skip
def test_ranges(text: str, inside: list[str], outside: list[str]) -> None:
    wanted = VersionRange.parse(text)

    assert [version for version in inside if not wanted.contains(Version.parse(version))] == []
    assert [version for version in outside if wanted.contains(Version.parse(version))] == []


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "*", "x", "1", "1.2", "latest", ">=1.2.3", "1.2.3 2.0.0", "~", "^", "~x", "^1.2.3.", "~>1.2.3"),
        *("2.0.0-1.2.3", "2.0.0-1.2.3-1.9.9", "1.2.3-1.2.2", "=", "==1.2.3", "1.2.3,2.0.0", "~1.2.3-01", "9" * 300),
    ],
)  # fmt: skip
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        VersionRange.parse(text)
    assert caught.value.errors[0].pointer == "/version"
