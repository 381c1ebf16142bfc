"""Record, card, metadata and texts: which agree, which contradict each other, and that the strictest counts."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from registry.domain.errors import SourceFailed
from registry.domain.evidence import LicenseSource, LicenseStatement
from registry.domain.packages import Content
from registry.formats.license_evidence import stated_by_name, stated_in_archive, weigh
from registry.formats.license_expressions import normalise_license
from registry.formats.license_terms import STRICTNESS, TERMS, Terms
from registry.formats.license_trees import strictness
from registry.rating.metrics.license import measure, share_of_uses
from registry.services.ratings.archive_licenses import StoredLicenses
from registry.services.ratings.license_check import LicenseChecks
from tests.rating.factories import archive, evidence, failed, package
from tests.rating.world import PACKAGE
from tests.sandbox import DirectSandbox
from tests.unit.archives import MIT_TEXT, BytesBlobs, make_zip


def text(license_id: str | None, path: str = "LICENSE", **members: Any) -> LicenseStatement:
    return LicenseStatement(path, LicenseSource.TEXT, license_id, **members)


def named(license_id: str | None, said: str = "", path: str = "PKG-INFO") -> LicenseStatement:
    return LicenseStatement(path, LicenseSource.METADATA, license_id, said)


def test_every_kind_of_terms_has_its_place() -> None:
    assert sorted(STRICTNESS, key=str) == sorted(Terms, key=str)
    assert (STRICTNESS[0], STRICTNESS[-1]) == (Terms.FREE, Terms.UNKNOWN)
    order = ["CC0-1.0", "MIT", "LGPL-3.0-only", "GPL-3.0-only", "LicenseRef-llama3", "CC-BY-ND-4.0"]
    places = [strictness(name) for name in [*order, "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "whatever"]]
    assert places == sorted(set(places))
    assert strictness("MIT OR GPL-3.0-only") == strictness("MIT")
    assert strictness("MIT AND GPL-3.0-only") == strictness("GPL-3.0-only")
    assert strictness(None) == strictness("LicenseRef-mine") == len(STRICTNESS) - 1


def test_a_stricter_kind_never_allows_more() -> None:
    shares = {kind: [share_of_uses(name) for name, terms in TERMS.items() if terms is kind] for kind in STRICTNESS[:-1]}
    assert min(shares[Terms.PERMISSIVE]) >= max(shares[Terms.COPYLEFT]) >= max(shares[Terms.USE_RESTRICTED])
    assert max(shares[Terms.NON_COMMERCIAL]) < min(shares[Terms.USE_RESTRICTED])


@pytest.mark.parametrize(
    ("recorded", "statements", "counts", "contradict"),
    [
        ("MIT", [text("MIT")], "MIT", False),
        ("apache-2.0", [named("Apache-2.0"), text("Apache-2.0")], "Apache-2.0", False),
        ("MIT", [text("GPL-3.0-only")], "GPL-3.0-only", True),
        ("MIT", [text("CC-BY-NC-4.0")], "CC-BY-NC-4.0", True),
        ("CC-BY-NC-4.0", [text("MIT")], "CC-BY-NC-4.0", True),
        ("MIT", [text(None)], None, True),
        ("MIT", [text(None, said="it cannot be read")], None, True),
        ("MIT", [text(None, part_of=("MIT",))], "MIT", False),
        ("MIT", [text(None, part_of=("Apache-2.0",))], None, True),
        (None, [text(None, part_of=("MIT",))], None, False),
        ("MIT", [text(None, holds=("MIT",))], "MIT", False),
        ("MIT", [text(None, holds=("MIT", "GPL-3.0-only"))], "MIT AND GPL-3.0-only", True),
        ("ISC", [text(None, holds=("MIT",))], None, True),
        (None, [text(None, holds=("MIT",))], None, False),
        ("LGPL-3.0-only", [named("LGPL-3.0-or-later")], "LGPL-3.0-only", False),
        (
            "MPL-2.0 AND (Apache-2.0 OR MIT)",
            [text("MPL-2.0", "LICENSE-MPL"), text("MIT", "LICENSE-MIT"), text("Apache-2.0", "LICENSE-APACHE")],
            "MPL-2.0 AND (Apache-2.0 OR MIT)",
            False,
        ),
        ("MIT", [named(None, "Free for academic use")], None, True),
        ("BSD-3-Clause", [named(None, "BSD License")], "BSD-3-Clause", False),
        ("BSD", [text("BSD-3-Clause")], "BSD-3-Clause", False),
        ("MIT", [named(None, "BSD License")], None, True),
        (None, [named(None, "BSD")], None, False),
        ("GPL-3.0-or-later", [text("GPL-3.0-only")], "GPL-3.0-or-later", False),
        ("LGPL-3.0-or-later", [text("LGPL-3.0-only"), text("GPL-3.0-only", "COPYING")], "LGPL-3.0-or-later", False),
        ("MIT OR GPL-3.0-only", [text("MIT"), text("GPL-3.0-only", "COPYING")], "MIT OR GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", [text("GPL-3.0-only")], "GPL-3.0-only", True),
        ("MIT OR Apache-2.0", [text("MIT")], "MIT OR Apache-2.0", False),
        ("MIT AND CC-BY-4.0", [text("MIT")], "MIT AND CC-BY-4.0", False),
        (None, [text("MIT", "LICENSE-MIT"), text("Apache-2.0", "LICENSE-APACHE")], "MIT OR Apache-2.0", False),
        (
            "MIT OR Apache-2.0",
            [text("MIT", "LICENSE-MIT"), text("Apache-2.0", "LICENSE-APACHE")],
            "MIT OR Apache-2.0",
            False,
        ),
        (None, [text("MIT", "LICENSE-MIT"), text("GPL-3.0-only", "LICENSE-GPL")], "GPL-3.0-only", True),
        ("llama3", [text(None)], "LicenseRef-llama3", False),
        ("MIT", [named("LicenseRef-llama3"), text(None)], "LicenseRef-llama3", True),
        (
            "GPL-2.0-only WITH Classpath-exception-2.0",
            [text("GPL-2.0-only")],
            "GPL-2.0-only WITH Classpath-exception-2.0",
            False,
        ),
    ],
)
def test_what_counts(
    recorded: str | None, statements: list[LicenseStatement], counts: str | None, *, contradict: bool
) -> None:
    record = [stated_by_name(recorded, "the record", normalise_license(recorded))] if recorded else []
    for order in permutations(statements):
        weighed = weigh([*record, *stated_in_archive(order)])
        assert weighed.stated[0].license == counts
        assert weighed.contradict is contradict


def test_the_metric_reports_a_contradiction_and_counts_the_strictest() -> None:
    result = measure(evidence(package=package(license="MIT"), archive=archive(licenses=(text("CC-BY-NC-4.0"),))))
    assert (result.score, result.source) == (0.125, "archive")
    assert result.evidence == (
        "license: CC-BY-NC-4.0 in LICENSE in the archive, compatible with 2 of 16 common uses; "
        "contradiction, the strictest counts: also MIT in the record"
    )
    unknown = measure(evidence(package=package(license="MIT"), archive=archive(licenses=(text(None),))))
    assert unknown.score == 0.0
    assert "LICENSE in the archive is no license text that is known" in unknown.evidence


def test_what_was_not_read_may_be_stricter() -> None:
    given = {"package": package(license="MIT")}
    whole = measure(evidence(**given, archive=archive()))
    assert (whole.low, whole.score, whole.high) == (1.0, 1.0, 1.0)
    cut = measure(evidence(**given, archive=archive(read_whole=False)))
    assert (cut.low, cut.score, cut.high, cut.lost_to) == (0.0, 1.0, 1.0, ())
    lost = measure(evidence(**given, archive=failed("archive")))
    assert (lost.low, lost.score, lost.lost_to) == (0.0, 1.0, ("archive",))
    nothing = measure(evidence(archive=archive(read_whole=False)))
    assert (nothing.low, nothing.score, nothing.high) == (0.0, 0.0, 1.0)


def checks(data: bytes) -> LicenseChecks:
    return LicenseChecks(StoredLicenses(BytesBlobs(data), DirectSandbox()), code_host=None, hub=None)


async def test_a_license_check_weighs_the_archive_too() -> None:
    data = make_zip({"LICENSE": MIT_TEXT + "No commercial use.", "README.md": "---\nlicense: mit\n---\n"})
    content = Content("key", len(data), "ab", "application/zip", "tiny.zip")
    answer = await checks(data).check(replace(PACKAGE, license="MIT", content=content), project_license="MIT")
    assert (answer.compatible, answer.package_license) == (False, None)
    assert "LICENSE in the archive is no license text that is known" in answer.reason
    assert "contradiction" in answer.reason
    data = make_zip({"LICENSE": MIT_TEXT, "package.json": '{"license": "GPL-3.0-only"}'})
    package_ = replace(PACKAGE, license="MIT", content=replace(content, size=len(data)))
    for project, compatible in (("MIT", False), ("GPL-3.0-only", True)):
        answer = await checks(data).check(package_, project_license=project)
        assert (answer.compatible, answer.package_license) == (compatible, "GPL-3.0-only")


async def test_a_license_check_of_an_archive_that_cannot_be_read() -> None:
    data = make_zip({"LICENSE": MIT_TEXT})
    content = Content("key", len(data), "ab", "application/zip", "tiny.zip")
    answer = await checks(data[:-30]).check(
        replace(PACKAGE, license="MIT", content=replace(content, size=len(data) - 30)), project_license="MIT"
    )
    assert "not read to its end" in answer.reason

    class Killing(DirectSandbox):
        async def run(self, *arguments: Any, **options: Any) -> Any:
            return await super().run(lambda *_: 1 / 0, *arguments[1:], **options)

    killed = LicenseChecks(StoredLicenses(BytesBlobs(data), Killing()), code_host=None, hub=None)
    with pytest.raises(SourceFailed, match="license files"):
        await killed.check(replace(PACKAGE, license="MIT", content=content), project_license="MIT")


async def test_content_that_says_nothing_needs_no_job() -> None:
    class NoSandbox(DirectSandbox):
        async def run(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("a job was started")

    content = Content("key", 3, "ab", "text/csv", "data.csv")
    found = StoredLicenses(BytesBlobs(b"a,b"), NoSandbox())
    assert (await found.read(replace(PACKAGE, content=content), user="ann")).statements == ()
    assert (await found.read(PACKAGE, user="ann")).statements == ()
