"""What policies refuse, what waivers let through, and what is wrong with a policy file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.domain.errors import InvalidInput
from registry.domain.packages import PackageType
from registry.domain.policy import Facts, Judgement
from registry.domain.safety import SafetyStatus
from registry.domain.versions import Version
from registry.formats.license_expressions import can_choose
from registry.formats.policy_files import read_policy
from tests.factories import make_package

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
RULE = '[[rules]]\nname = "r"\n'


def judged(text: str, facts: Facts | None = None, *, now: datetime = NOW, **members: Any) -> Judgement:
    package = make_package(**{"name": "acme/bert", "created_at": NOW - timedelta(days=3), "license": "MIT", **members})
    return read_policy(text).judge(package, facts or Facts(), now=now, choice=can_choose)


def reasons(text: str, facts: Facts | None = None, **members: Any) -> str:
    return "; ".join(refusal.reason for refusal in judged(text, facts, **members).refusals)


def test_an_empty_policy_refuses_nothing() -> None:
    assert judged("") == Judgement()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(), "no net score yet"),
        (Facts((0.4, 0.9)), "between 0.4 and 0.9"),
        (Facts((0.5, 0.9)), ""),
    ],
)
def test_the_lower_bound_of_the_score_counts(facts: Facts, reason: str) -> None:
    found = reasons(RULE + "min_net_score = 0.5", facts)
    assert reason in found
    assert bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("verdict", "refused"),
    [
        (None, True),
        (SafetyStatus.CLEAN, False),
        (SafetyStatus.NOT_SCANNED, False),
        (SafetyStatus.SUSPICIOUS, True),
        (SafetyStatus.DANGEROUS, True),
    ],
)
def test_verdicts_up_to_the_worst_allowed_pass(verdict: SafetyStatus | None, *, refused: bool) -> None:
    assert bool(reasons(RULE + 'worst_verdict = "not_scanned"', Facts(verdict=verdict))) is refused


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        ("MIT", False),
        ("mit", False),
        ("GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", False),
        ("GPL-3.0-only AND MIT", True),
        ("Apache-2.0 AND MIT", False),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("nobody knows this", True),
        (None, True),
    ],
)
def test_a_license_must_leave_an_allowed_choice(stated: str | None, *, refused: bool) -> None:
    assert bool(reasons(RULE + 'allowed_licenses = ["mit", "Apache-2.0"]', license=stated)) is refused


@pytest.mark.parametrize(
    ("stated", "refused"), [("MIT", False), ("GPL-3.0-only", True), ("GPL-3.0-only OR MIT", False), (None, True)]
)
def test_refused_licenses(stated: str | None, *, refused: bool) -> None:
    assert bool(reasons(RULE + 'refused_licenses = ["GPL-3.0-only"]', license=stated)) is refused


def test_a_version_must_have_an_age() -> None:
    text = RULE + "min_age_days = 7"
    assert "less than 7 days ago; it is served from 2026-12-05T12:00+00:00 on" in reasons(text)
    assert not judged(text, now=NOW + timedelta(days=4)).refusals


@pytest.mark.parametrize(
    ("where", "concerned"),
    [
        ('types = ["model"]', True),
        ('types = ["dataset", "code"]', False),
        ('packages = ["acme/*"]', True),
        ('packages = ["other/*"]', False),
        ('except = ["acme/b*"]', False),
        ('except = ["acme/x*"]', True),
    ],
)
def test_a_rule_is_for_types_and_names(where: str, *, concerned: bool) -> None:
    assert bool(reasons(f"{RULE}{where}\nmin_age_days = 7")) is concerned


WAIVER = """
[[rules]]
name = "age"
min_age_days = 7
[[rules]]
name = "licenses"
refused_licenses = ["MIT"]
[[waivers]]
rule = "age"
package = "acme/bert"
version = "v1.0.0"
author = "alice"
reason = "urgent fix"
expires = 2026-12-01
"""


def test_a_waiver_is_for_one_rule_and_is_shown() -> None:
    found = judged(WAIVER, version=Version.parse("1.0.0"))
    assert [refusal.rule for refusal in found.refusals] == ["licenses"]
    assert [str(waiver) for waiver in found.waivers] == ["rule age is waived until 2026-12-02 by alice: urgent fix"]


@pytest.mark.parametrize(
    "members", [{"version": Version.parse("1.0.1")}, {"name": "acme/other"}, {"type": PackageType.DATASET}]
)
def test_a_waiver_is_for_what_it_names(members: dict[str, Any]) -> None:
    assert len(judged(WAIVER, **{"version": Version.parse("1.0.0"), **members}).refusals) == 2


def test_a_waiver_ends() -> None:
    version = Version.parse("1.0.0")
    assert judged(WAIVER, now=NOW + timedelta(hours=11), version=version).waivers
    assert not judged(WAIVER, now=NOW + timedelta(hours=12), version=version).waivers


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("rules = 1", "/rules", "[[rules]]"),
        ("[[rules]\n", "", "not TOML"),
        ("other = 1", "/other", "unknown"),
        ('[[rules]]\nname = "r"\n', "/rules/0", "demands something"),
        (RULE + "min_net_score = 2", "/rules/0/min_net_score", "from 0 to 1"),
        (RULE + "min_net_score = true", "/rules/0/min_net_score", "from 0 to 1"),
        (RULE + 'worst_verdict = "good"', "/rules/0/worst_verdict", "none of clean"),
        (RULE + 'allowed_licenses = ["MIT", "no such"]', "/rules/0/allowed_licenses/1", "no SPDX id"),
        (RULE + 'allowed_licenses = ["MIT OR ISC"]', "/rules/0/allowed_licenses/0", "of one license"),
        (RULE + "allowed_licenses = []", "/rules/0/allowed_licenses", "not empty"),
        (RULE + 'types = ["models"]\nmin_age_days = 1', "/rules/0/types", "none of model"),
        (RULE + 'packages = [" x"]\nmin_age_days = 1', "/rules/0/packages/0", "printable"),
        (RULE + "min_age_day = 1", "/rules/0/min_age_day", "unknown"),
        ('[[rules]]\nname = "R"\nmin_age_days = 1', "/rules/0/name", "lower-case"),
        (f"{RULE}min_age_days = 1\n{RULE}min_age_days = 2", "/rules/1/name", "another rule"),
        ('[[waivers]]\nrule = "r"', "/waivers/0/author", "needed"),
        (WAIVER.replace('rule = "age"', 'rule = "ages"'), "/waivers/0/rule", "no rule 'ages'"),
        (WAIVER.replace("2026-12-01", '"2026-12-01"'), "/waivers/0/expires", "a date"),
        (WAIVER.replace("v1.0.0", "1"), "/waivers/0/version", "semantic version"),
    ],
)
def test_a_fault_is_named_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_policy(text)
    assert [(fault.pointer, what in fault.detail) for fault in raised.value.errors if fault.pointer == where] == [
        (where, True)
    ], raised.value


def test_all_faults_are_named_together() -> None:
    with pytest.raises(InvalidInput) as raised:
        read_policy(RULE + "min_net_score = 2\nmin_age_days = -1")
    assert len(raised.value.errors) == 2
