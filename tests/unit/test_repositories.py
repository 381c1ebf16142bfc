"""Commits and main versions of repositories."""

from dataclasses import replace

import pytest

from registry.domain.names import NamedVersion
from registry.domain.packages import PackageStatus
from registry.domain.repositories import COMMIT_PATTERN, commit_of, main_of, package_of
from registry.domain.versions import Version
from tests.factories import make_content, make_package

ACTIVE, DEPRECATED, QUARANTINED = PackageStatus.ACTIVE, PackageStatus.DEPRECATED, PackageStatus.QUARANTINED


def test_a_commit_leads_to_its_package() -> None:
    package = make_package(id="01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60")
    commit = commit_of(package)
    assert COMMIT_PATTERN.fullmatch(commit)
    assert package_of(commit) == package.id


def test_a_commit_changes_with_content_and_readme_only() -> None:
    package = make_package(id="01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60", content=make_content(), readme="# One")
    commit = commit_of(package)
    assert commit_of(replace(package, description="other", revision=9, status=DEPRECATED)) == commit
    assert commit_of(replace(package, readme="# Two")) != commit
    assert commit_of(replace(package, readme=None)) != commit
    assert package.content is not None
    assert commit_of(replace(package, content=replace(package.content, sha256="f" * 64))) != commit


def test_equal_bytes_in_two_packages_have_two_commits() -> None:
    package = make_package(id="01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60")
    assert commit_of(replace(package, id="01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f61")) != commit_of(package)


def versions(**statuses: PackageStatus) -> list[NamedVersion]:
    """`v1_0_0=ACTIVE`; the ids are the versions."""
    texts = {name.lstrip("v").replace("_", ".").replace("rc", "-rc"): status for name, status in statuses.items()}
    return [NamedVersion(text, Version.parse(text), status) for text, status in texts.items()]


@pytest.mark.parametrize(
    ("listed", "main"),
    [
        (versions(v1_0_0=ACTIVE, v1_2_0=ACTIVE, v2_0_0rc1=ACTIVE), "1.2.0"),
        (versions(v2_0_0rc1=ACTIVE, v1_0_0=DEPRECATED), "2.0.0-rc1"),
        (versions(v1_0_0=DEPRECATED, v1_1_0=DEPRECATED, v3_0_0=QUARANTINED), "1.1.0"),
        (versions(v1_0_0=QUARANTINED, v1_1_0=QUARANTINED), "1.1.0"),
        (versions(v1_0_0=PackageStatus.FAILED, v0_9_0=PackageStatus.PENDING), "0.9.0"),
        (versions(v1_0_0=PackageStatus.DRAFT), None),
        ([], None),
    ],
)
def test_main_is_the_version_that_is_nearest_to_being_the_latest(listed: list[NamedVersion], main: str | None) -> None:
    found = main_of(listed)
    assert (found.id if found else None) == main
    if found is not None:
        assert found in listed
