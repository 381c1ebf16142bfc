"""License expressions and the compatibility table."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import license_expressions as licenses
from registry.formats.license_expressions import LicenseUse, check_license, normalise_license
from registry.formats.license_terms import CLASHES, COPYLEFT_TARGETS, TERMS, Terms
from registry.rating.metrics.license import share_of_uses

RUN, TUNE = LicenseUse.RUN, LicenseUse.FINE_TUNE
KNOWN = st.sampled_from(sorted(TERMS))


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("MIT", "MIT"),
        ("apache-2.0", "Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("mit or gpl-3.0-only", "MIT OR GPL-3.0-only"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("llama3", "LicenseRef-llama3"),
        ("LicenseRef-anything", "LicenseRef-anything"),
        (None, None),
        ("", None),
        ("other", None),
        ("NOASSERTION", None),
        ("MIT OR", None),
        ("MIT WITH MIT", None),
        ("MIT WITH no-such-exception", None),
        ("AND", None),
        ("(MIT", None),
        ("free for all", None),
        ("MIT " * 1_000, None),
        ("(" * 400, None),
    ],
)
def test_what_a_statement_means(text: str | None, spdx: str | None) -> None:
    assert normalise_license(text) == spdx


@pytest.mark.parametrize(
    ("package", "project", "use", "compatible"),
    [
        ("MIT", "MIT", TUNE, True),
        ("MIT", "LicenseRef-proprietary", TUNE, True),
        ("Apache-2.0", "GPL-2.0-only", TUNE, False),
        ("Apache-2.0", "GPL-3.0-only", TUNE, True),
        ("GPL-3.0-only", "MIT", TUNE, False),
        ("GPL-3.0-only", "MIT", RUN, True),
        ("GPL-3.0-or-later", "AGPL-3.0-only", TUNE, True),
        ("GPL-2.0-only", "GPL-3.0-only", TUNE, False),
        ("GPL-2.0-or-later", "GPL-3.0-only", TUNE, True),
        ("LGPL-2.1-only", "GPL-2.0-only", TUNE, True),
        ("MPL-2.0", "LGPL-3.0-only", TUNE, True),
        ("MPL-2.0", "MIT", TUNE, False),
        ("CC-BY-SA-4.0", "GPL-3.0-only", TUNE, True),
        ("CC-BY-SA-4.0", "GPL-2.0-only", TUNE, False),
        ("CC-BY-NC-4.0", "MIT", RUN, False),
        ("CC-BY-NC-4.0", "CC-BY-NC-4.0", TUNE, True),
        ("CC-BY-NC-ND-4.0", "CC-BY-NC-4.0", TUNE, False),
        ("CC-BY-ND-4.0", "MIT", RUN, True),
        ("CC-BY-ND-4.0", "CC-BY-ND-4.0", TUNE, False),
        ("llama3", "MIT", RUN, True),
        ("llama3", "MIT", TUNE, False),
        ("llama3", "llama3", TUNE, True),
        ("MIT OR GPL-3.0-only", "MIT", TUNE, True),
        ("MIT AND GPL-3.0-only", "MIT", TUNE, False),
        ("MIT AND (GPL-3.0-only OR Apache-2.0)", "MIT", TUNE, True),
        ("GPL-2.0-only", "GPL-2.0-only OR MIT", TUNE, False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", TUNE, True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", TUNE, True),
        ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", TUNE, False),
        ("Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", TUNE, False),
        ("AFL-3.0", "GPL-3.0-only", TUNE, False),
        ("OFL-1.1", "MIT", TUNE, False),
        ("LicenseRef-mine", "MIT", RUN, False),
        (None, "MIT", RUN, False),
        ("MIT", None, RUN, False),
        ("whatever", "MIT", RUN, False),
    ],
)
def test_whether_a_project_may_use_a_package(
    package: str | None, project: str | None, use: LicenseUse, *, compatible: bool
) -> None:
    answer = check_license(package, project, use)
    assert answer.compatible is compatible
    assert answer.reason


@given(KNOWN, KNOWN)
def test_what_may_be_changed_may_be_run(package: str, project: str) -> None:
    assert check_license(package, project, TUNE).compatible <= check_license(package, project, RUN).compatible


@given(KNOWN, KNOWN, KNOWN, st.sampled_from(LicenseUse))
def test_a_choice_is_as_good_as_its_best_and_a_sum_as_its_worst(
    one: str, other: str, project: str, use: LicenseUse
) -> None:
    alone = [check_license(name, project, use).compatible for name in (one, other)]
    assert check_license(f"{one} OR {other}", project, use).compatible is any(alone)
    assert check_license(f"{one} AND {other}", project, use).compatible is all(alone)


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    assert check_license(text, "MIT").compatible in (True, False)


def test_the_table_names_licenses_that_spdx_knows() -> None:
    targets = [*COPYLEFT_TARGETS.values(), *CLASHES.values()]
    for name in {*TERMS, *COPYLEFT_TARGETS, *CLASHES, *(name for names in targets for name in names)}:
        assert normalise_license(name) == name


def test_only_copyleft_and_the_like_has_targets() -> None:
    kinds = {TERMS[name] for name in COPYLEFT_TARGETS}
    assert kinds <= {Terms.WEAK_COPYLEFT, Terms.COPYLEFT, Terms.NON_COMMERCIAL}
    assert {TERMS[name] for name in CLASHES} == {Terms.PERMISSIVE}


@pytest.mark.parametrize(
    ("text", "share"), [("MIT", 1.0), ("Apache-2.0", 1.0), ("GPL-3.0-only", 0.625), ("CC-BY-NC-4.0", 0.125), ("x", 0.0)]
)
def test_the_share_of_common_uses(text: str, share: float) -> None:
    assert share_of_uses(text) == share


def test_the_first_licenses_of_a_process_are_read_by_several_threads() -> None:
    """Ratings are computed in threads, and what one reads wrongly would be remembered."""
    texts = ("MIT", "Apache-2.0", "GPL-3.0-or-later WITH GCC-exception-3.1", "BSD-3-Clause AND ISC")
    licenses._spdx.cache_clear()
    licenses._parse.cache_clear()
    licenses._spdx()  # as by one who has not parsed with it yet
    together = threading.Barrier(len(texts))

    def read(text: str) -> str | None:
        together.wait(10)
        return licenses.normalise_license(text)

    with ThreadPoolExecutor(len(texts)) as threads:
        assert list(threads.map(read, texts)) == list(texts)
