"""Version filters: exact, bounded, tilde, caret; prereleases as npm matches them."""

import pytest

from tests.api.support import Person, invalid, listed, publish, unique

VERSIONS = (
    "0.0.3", "0.0.4", "0.2.3", "0.2.9", "0.3.0", "1.0.0-alpha", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0",
    "1.2.0", "1.2.3", "1.2.3+build", "1.2.4-beta", "1.2.10", "1.3.0", "2.0.0-rc.1", "2.0.0", "2.1.0", "2.1.1",
    "10.0.0",
)  # fmt: skip

RANGES = {
    "1.2.3": {"1.2.3"},
    "=1.2.3": {"1.2.3"},
    "1.2.3+build": {"1.2.3+build"},
    "1.0.0-rc.1": {"1.0.0-rc.1"},
    "=1.0.0-rc.1": {"1.0.0-rc.1"},
    "v1.2.0": {"1.2.0"},
    "9.9.9": set(),
    "1.2.3-2.1.0": {"1.2.3", "1.2.3+build", "1.2.10", "1.3.0", "2.0.0", "2.1.0"},
    "2.0.0-2.0.0": {"2.0.0"},
    "2.1.0-10.0.0": {"2.1.0", "2.1.1", "10.0.0"},
    "1.0.0-rc.2-1.2.0": {"1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.2.0"},
    "1.3.0-2.0.0-rc.1": {"1.3.0", "2.0.0-rc.1"},
    "=1.2.3-2.1.0": set(),
    "~1.2.0": {"1.2.0", "1.2.3", "1.2.3+build", "1.2.10"},
    "~1.2.3": {"1.2.3", "1.2.3+build", "1.2.10"},
    "~1.2.4-alpha": {"1.2.4-beta", "1.2.10"},
    "~0.2.3": {"0.2.3", "0.2.9"},
    "^1.2.0": {"1.2.0", "1.2.3", "1.2.3+build", "1.2.10", "1.3.0"},
    "^1.0.0": {"1.0.0", "1.2.0", "1.2.3", "1.2.3+build", "1.2.10", "1.3.0"},
    "^1.0.0-rc.2": {"1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.2.0", "1.2.3", "1.2.3+build", "1.2.10", "1.3.0"},
    "^0.2.3": {"0.2.3", "0.2.9"},
    "^0.0.3": {"0.0.3"},
    "^2.0.0": {"2.0.0", "2.1.0", "2.1.1"},
}
BAD = [
    "", " ", "abc", "1", "1.2", "1.2.x", ">=1.0.0", "1.0.0 || 2.0.0", "01.2.3", "1.2.3-", "-1.2.3", "~", "^", "~abc",
    "2.1.0-1.2.3", "1.2.3-01", "1.2.3.4", "\u0661.2.3", "1." + "9" * 5_000 + ".0",
]  # fmt: skip


@pytest.fixture(scope="module")
def versioned(publisher: Person) -> tuple[str, str]:
    """The name and the tag of packages of all VERSIONS."""
    name, tag = unique(), unique("tag")
    for version in VERSIONS:
        publish(publisher.client, name=name, version=version, tags=[tag])
    return name, tag


@pytest.mark.parametrize("wanted", RANGES)
def test_range_matches(publisher: Person, versioned: tuple[str, str], wanted: str) -> None:
    found = [item["version"] for item in listed(publisher.client, name=versioned[0], version=wanted)]
    assert len(found) == len(set(found))
    assert set(found) == RANGES[wanted]


@pytest.mark.parametrize("wanted", ["~1.2.0", "1.2.3-2.1.0", "1.2.3"])
def test_range_needs_no_name(publisher: Person, versioned: tuple[str, str], wanted: str) -> None:
    found = listed(publisher.client, tag=versioned[1], version=wanted, limit=2)
    assert {item["version"] for item in found} == RANGES[wanted]


@pytest.mark.parametrize("wanted", BAD, ids=lambda wanted: ascii(wanted)[:16])
def test_bad_range_is_422(publisher: Person, wanted: str) -> None:
    invalid(publisher.client.get("/packages", params={"version": wanted}))


@pytest.mark.parametrize(
    "version",
    ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.3-01", "1.2.3-", "1.2.3+", "a.b.c", "1.2.3 ", "vv1.2.3",
     "1.2.3-\u00e9", "\u0661.2.3", "=1.2.3", "^1.2.3", "latest", "1." + "9" * 10_000 + ".0"],
    ids=lambda version: ascii(version)[:16],
)  # fmt: skip
def test_version_that_is_not_semver_is_422(publisher: Person, version: str) -> None:
    body = {"name": unique(), "version": version, "type": "model", "content_base64": "AAAA"}
    invalid(publisher.client.post("/package", json=body), "/version")


@pytest.mark.parametrize(
    "version", ["0.0.0", "1.0.0-0A.is.legal", "1.0.0--.-", "1.0.0+0.build.1-rc.10000aaa-kk-0.1", "99999999999.0.0"]
)
def test_version_that_is_semver_is_kept(publisher: Person, version: str) -> None:
    assert publish(publisher.client, version=version)["version"] == version
