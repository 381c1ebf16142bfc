"""License expressions and the compatibility table."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import license_expressions as licenses
from registry.formats.license_expressions import check_license, normalise_license
from registry.formats.license_names import license_id, recorded_license
from registry.formats.license_terms import CLASHES, COPYLEFT_TARGETS, TERMS, Terms
from registry.formats.license_trees import LicenseUse, read_tree
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
        ("Apache-2.0+", "Apache-2.0"),
        ("(EUPL-1.2+ OR LGPL-2.1+)", "EUPL-1.2 OR LGPL-2.1-or-later"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
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


HUB_IDS = re.findall(
    r"\S+",
    "apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 "
    "bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc0-1.0 "
    "cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 "
    "cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 "
    "cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 "
    "eupl-1.2 agpl-3.0 gpl-2.0 gpl-3.0 isc lgpl-2.1 lgpl-3.0 lgpl-lr lppl-1.3c ms-pl mpl-2.0 odbl openrail++ "
    "osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl deepfloyd-if-license apple-amlr apple-ascl "
    "fair-noncommercial-research-license h-research intel-research open-mdw grok2-community llama2 llama3 "
    "llama3.1 llama3.2 llama3.3 llama4 gemma ",
)
"""https://huggingface.co/docs/hub/repositories-licenses, without those that name a family or none."""


@pytest.mark.parametrize("name", HUB_IDS)
def test_every_license_of_the_hub_is_known(name: str) -> None:
    assert normalise_license(name) is not None
    assert recorded_license(name) == license_id(name) is not None


@pytest.mark.parametrize("name", ["bsd", "cc", "gpl", "lgpl", "gfdl", "unknown", "other"])
def test_a_name_of_several_licenses_or_of_none_is_no_license(name: str) -> None:
    assert normalise_license(name) is None
    assert not check_license(name, "MIT").compatible


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


EXPRESSIONS = st.recursive(
    KNOWN | st.just("GPL-2.0-only WITH Classpath-exception-2.0"),
    lambda parts: st.tuples(parts, st.sampled_from((" AND ", " OR ")), parts).map(
        lambda it: f"({it[0]}{it[1]}{it[2]})"
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_a_normalised_expression_is_read_without_the_list_of_licenses(text: str) -> None:
    normalised = normalise_license(text)
    assert normalised is not None
    assert normalise_license(normalised) == normalised
    assert read_tree(normalised) is not None
    assert share_of_uses(normalised) == share_of_uses(text)


@pytest.mark.parametrize(
    "text",
    ["", "MIT ISC", "MIT OR", "(MIT", "MIT)", "()", "MIT WITH", "AND", "(" * 5_000, "(" * 5_000 + "MIT" + ")" * 5_000],
)
def test_what_is_no_normalised_expression_allows_nothing(text: str) -> None:
    assert read_tree(text) is None
    assert share_of_uses(text) == 0.0


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
