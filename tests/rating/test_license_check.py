"""Whether a project may use a package, its license given or read from its repository."""

from dataclasses import replace

import pytest

from registry.domain.errors import InvalidInput, SourceFailed
from registry.formats.license_trees import LicenseUse
from registry.services.ratings.archive_licenses import StoredLicenses
from registry.services.ratings.license_check import LicenseChecks
from tests.rating.world import PACKAGE, World
from tests.sandbox import DirectSandbox
from tests.unit.archives import BytesBlobs
from tests.upstreams.pages import Page
from tests.upstreams.server import Fault

GPL_PACKAGE = replace(PACKAGE, license="GPL-3.0-only")


@pytest.fixture
def checks(world: World) -> LicenseChecks:
    return LicenseChecks(
        StoredLicenses(BytesBlobs(b""), DirectSandbox()), code_host=world.sources.code_host, hub=world.sources.hub
    )


async def test_a_license_that_is_given(checks: LicenseChecks) -> None:
    assert (await checks.check(GPL_PACKAGE, project_license="GPL-3.0-or-later")).compatible
    answer = await checks.check(GPL_PACKAGE, project_license="MIT")
    assert not answer.compatible
    assert (answer.package_license, answer.project_license) == ("GPL-3.0-only", "MIT")
    assert (await checks.check(GPL_PACKAGE, project_license="MIT", use=LicenseUse.RUN)).compatible
    assert not (await checks.check(replace(PACKAGE, license=None), project_license="MIT")).compatible


@pytest.mark.parametrize(
    ("url", "license_id"),
    [
        ("https://github.com/octo/tiny", "MIT"),
        ("https://huggingface.co/org/tiny", "Apache-2.0"),
        ("https://huggingface.co/datasets/org/pairs", "CC-BY-4.0"),
    ],
)
async def test_a_license_that_is_read_from_the_project(checks: LicenseChecks, url: str, license_id: str) -> None:
    assert (await checks.check(PACKAGE, url=url)).project_license == license_id


async def test_a_project_without_a_license_gives_no_permission(world: World, checks: LicenseChecks) -> None:
    page = {"full_name": "octo/bare", "default_branch": "main", "stargazers_count": 0, "license": None}
    world.upstreams.pages["/github/repos/octo/bare"] = Page(page)
    answer = await checks.check(replace(PACKAGE, license="MIT"), url="https://github.com/octo/bare")
    assert not answer.compatible
    assert "the project states no license" in answer.reason


@pytest.mark.parametrize("url", ["https://github.com/octo/gone", "https://huggingface.co/org/gone"])
async def test_a_project_that_cannot_be_read(checks: LicenseChecks, url: str) -> None:
    with pytest.raises(SourceFailed):
        await checks.check(PACKAGE, url=url)


async def test_a_host_that_fails(world: World, checks: LicenseChecks) -> None:
    world.upstreams.faults["/github"] = Fault.BROKEN
    with pytest.raises(SourceFailed):
        await checks.check(PACKAGE, url="https://github.com/octo/tiny")
    with pytest.raises(SourceFailed):
        await LicenseChecks(StoredLicenses(BytesBlobs(b""), DirectSandbox()), code_host=None, hub=None).check(
            PACKAGE, url="https://github.com/octo/tiny"
        )


@pytest.mark.parametrize("url", ["https://example.org/octo/tiny", "ftp://github.com/octo/tiny", "", "x"])
async def test_other_urls_are_refused(checks: LicenseChecks, url: str) -> None:
    with pytest.raises(InvalidInput):
        await checks.check(PACKAGE, url=url)


async def test_exactly_one_of_url_and_license_is_needed(checks: LicenseChecks) -> None:
    with pytest.raises(InvalidInput):
        await checks.check(PACKAGE)
    with pytest.raises(InvalidInput):
        await checks.check(PACKAGE, project_license="MIT", url="https://github.com/octo/tiny")
