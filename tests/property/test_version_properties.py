"""Versions against a comparison written straight from the specification."""

from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.sqlite.version_keys import KeySpan, version_key
from registry.domain.versions import Version, VersionRange

numbers = st.integers(0, 12) | st.integers(0, 10**20)
identifiers = st.one_of(
    numbers.map(str),
    st.from_regex(r"[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3}", fullmatch=True),
)
small = st.integers(0, 2)
cores = st.tuples(small, small, small) | st.tuples(numbers, numbers, numbers)
builds = st.just("") | st.from_regex(r"[0-9A-Za-z-]{1,3}(\.[0-9A-Za-z-]{1,3})?", fullmatch=True)
versions = st.builds(
    lambda core, prerelease, build: Version(core[0], core[1], core[2], tuple(prerelease), build),
    cores,
    st.lists(identifiers, max_size=3),
    builds,
)


def precedence(left: Version, right: Version) -> int:
    """-1, 0 or 1, by https://semver.org/#spec-item-11 point by point."""
    if left.core != right.core:
        return -1 if left.core < right.core else 1
    if not left.prerelease or not right.prerelease:
        return bool(right.prerelease) - bool(left.prerelease)
    for ours, theirs in zip(left.prerelease, right.prerelease, strict=False):
        if ours == theirs:
            continue
        if ours.isdigit() and theirs.isdigit():
            return -1 if int(ours) < int(theirs) else 1
        if ours.isdigit() or theirs.isdigit():
            return -1 if ours.isdigit() else 1
        return -1 if ours < theirs else 1
    return (len(left.prerelease) > len(right.prerelease)) - (len(left.prerelease) < len(right.prerelease))


@given(versions)
def test_text_and_back(version: Version) -> None:
    assert Version.parse(str(version)) == version
    assert Version.parse("v" + str(version)) == version


@given(versions, versions)
def test_order_is_precedence(left: Version, right: Version) -> None:
    expected = precedence(left, right)

    assert (left.sort_key > right.sort_key) - (left.sort_key < right.sort_key) == expected
    if expected:
        assert (left < right) == (expected < 0)
    assert (version_key(left) == version_key(right)) == (left == right)
    assert (version_key(left) < version_key(right)) == (left < right)


@given(st.data())
def test_ranges_by_definition(data: st.DataObject) -> None:
    lower, upper = sorted((data.draw(versions), data.draw(versions)), key=lambda version: version.sort_key)
    version = data.draw(versions | st.sampled_from([lower, upper, Version(*lower.core), Version(*upper.core)]))
    included = data.draw(st.booleans())
    wanted = VersionRange(lower, upper, upper_included=included)

    inside = precedence(lower, version) <= 0 and precedence(version, upper) < (1 if included else 0)
    if version.prerelease:
        inside = inside and any(bound.prerelease and bound.core == version.core for bound in (lower, upper))

    assert wanted.contains(version) == inside
    assert KeySpan.of(wanted).holds(version_key(version)) == inside


@given(st.sampled_from(["~", "^"]), versions, versions)
def test_wildcards_by_definition(sign: str, lower: Version, version: Version) -> None:
    kept = 2 if sign == "~" else next((place for place, number in enumerate(lower.core) if number), 2) + 1
    inside = precedence(lower, version) <= 0 and lower.core[:kept] == version.core[:kept]
    if version.prerelease:
        inside = inside and bool(lower.prerelease) and lower.core == version.core

    assert VersionRange.parse(f"{sign}{lower}").contains(version) == inside


@given(versions, versions)
def test_bounded_text(left: Version, right: Version) -> None:
    lower, upper = sorted((Version(*left.core), Version(*right.core)))

    wanted = VersionRange.parse(f"{lower}-{upper}")

    assert (wanted.lower, wanted.upper, wanted.exact) == (lower, upper, False)
