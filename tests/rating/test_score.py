"""The arithmetic: bounds, renormalising, ranges, status; and receipts that compute again to the bit."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import InvalidInput
from registry.domain.evidence import CommitFacts, PackageFacts
from registry.domain.ratings import MetricName, MetricStatus, RatingStatus, rating_members
from registry.domain.receipts import ReceiptTampered, canonical, decode_receipt, digest, encode_receipt, normalised
from registry.rating.recompute import recompute
from registry.rating.score import DEFAULT_WEIGHTS, rate
from tests.rating.factories import absent, evidence, failed, known, package, varied

SEEDS = st.integers(0, 2**32)


@given(SEEDS)
def test_every_number_is_a_score_and_every_metric_explains_itself(seed: int) -> None:
    rating = rate(varied(seed)).rating
    assert [metric.name for metric in rating.metrics] == list(MetricName)
    for metric in rating.metrics:
        result = metric.result
        assert result.evidence
        assert (result.score is not None) == (result.status is MetricStatus.MEASURED)
        assert (result.source is not None) == (result.status is MetricStatus.MEASURED)
        assert 0 <= result.low <= result.high <= 1
        assert result.score is None or result.low <= result.score <= result.high
        assert (result.status is MetricStatus.LOST) <= bool(result.lost_to)


@given(SEEDS)
def test_the_range_holds_the_net_score_and_partial_means_that_a_source_failed(seed: int) -> None:
    given_evidence = varied(seed)
    rating = rate(given_evidence).rating
    low, high = rating.net_score_range
    assert 0 <= low <= high <= 1
    if rating.net_score is not None:
        assert low <= rating.net_score <= high
    lost = [metric for metric in rating.metrics if metric.result.lost_to]
    assert (rating.status is RatingStatus.PARTIAL) == bool(lost)


def test_the_net_score_is_the_weighted_mean_of_what_was_measured() -> None:
    commits = known(CommitFacts((("ann", 1), ("bob", 1)), ()))
    given_evidence = evidence(package=package(license="MIT"), commits=commits)
    weights = dict.fromkeys(MetricName, 0.0) | {
        MetricName.LICENSE: 3,
        MetricName.BUS_FACTOR: 1,
        MetricName.REVIEWEDNESS: 2,
    }
    rating = rate(given_evidence, weights).rating
    assert rating.net_score == (3 * 1.0 + 1 * 0.5) / 4
    assert rating.net_score_range == (round(3.5 / 6, 6), round(5.5 / 6, 6))


def test_nothing_measured_is_no_score_and_anything_is_possible() -> None:
    weights = dict.fromkeys(MetricName, 0.0) | {MetricName.REVIEWEDNESS: 1}
    rating = rate(evidence(), weights).rating
    assert rating.net_score is None
    assert rating.net_score_range == (0.0, 1.0)
    assert rating.status is RatingStatus.COMPLETE


def test_an_inapplicable_metric_does_not_widen_the_range() -> None:
    weights = dict.fromkeys(MetricName, 0.0) | {MetricName.LICENSE: 1, MetricName.TREE: 1}
    rating = rate(evidence(package=package(license="MIT")), weights).rating
    assert rating.net_score_range == (1.0, 1.0)


def test_a_failing_source_makes_the_rating_partial_and_an_absent_one_does_not() -> None:
    assert rate(evidence(commits=failed())).rating.status is RatingStatus.PARTIAL
    assert rate(evidence(commits=absent())).rating.status is RatingStatus.COMPLETE


@pytest.mark.parametrize("weights", [{}, dict.fromkeys(MetricName, 0.0), {**DEFAULT_WEIGHTS, MetricName.TREE: -1.0}])
def test_weights_that_make_no_mean_are_refused(weights: dict[MetricName, float]) -> None:
    with pytest.raises(InvalidInput):
        rate(evidence(), weights)


def test_the_public_members_are_those_of_the_contract() -> None:
    members = rating_members(rate(evidence(package=package(license="MIT", content_size=44_040_192))).rating)
    contract = {"package_id", "revision", "status", "net_score", "rated_at", "latency_ms", "metrics"}
    assert contract | {"net_score_range", "formula_version", "safety", "findings"} == set(members)
    assert set(members["metrics"]) == {name.value for name in MetricName}
    for metric in members["metrics"].values():
        assert {"score", "weight", "latency_ms", "source", "evidence"} <= set(metric)
    assert set(members["metrics"]["size"]["by_target"]) == {"raspberry_pi", "jetson_nano", "desktop_pc", "aws_server"}
    assert members["rated_at"] == "2026-11-23T15:43:00.123Z"
    assert json.loads(json.dumps(members, allow_nan=False)) == members


def test_receipts_of_500_varied_packages_compute_again_to_the_bit() -> None:
    distinct = set()
    for seed in range(500):
        receipt = rate(normalised(varied(seed)))
        text = encode_receipt(receipt)
        again = recompute(text).rating
        assert repr(again) == repr(receipt.rating)
        assert canonical(json.loads(text)) == text
        assert encode_receipt(decode_receipt(text)) == text
        distinct.add(again.net_score)
    assert len(distinct) > 300  # the packages do vary


@given(SEEDS, st.data())
def test_a_changed_byte_is_noticed(seed: int, data: st.DataObject) -> None:
    text = bytearray(encode_receipt(rate(normalised(varied(seed)))))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidInput):
        recompute(bytes(text))


def test_a_change_with_digests_made_anew_is_noticed_by_the_rating() -> None:
    receipt = rate(normalised(evidence(package=package(license="MIT"))))
    members = json.loads(encode_receipt(receipt))
    item = members["evidence"]["package"]
    item["fact"]["value"]["license_expression"] = "CC-BY-NC-4.0"
    item["sha256"] = digest(item["fact"])
    members["sha256"] = digest({name: value for name, value in members.items() if name != "sha256"})
    with pytest.raises(ReceiptTampered, match="license"):
        recompute(canonical(members))


def test_a_changed_byte_of_evidence_is_told_with_its_place() -> None:
    receipt = rate(normalised(evidence(package=package(license="MIT"))))
    text = encode_receipt(receipt).replace(b'"license":"MIT"', b'"license":"MIt"', 1)
    with pytest.raises(ReceiptTampered) as caught:
        recompute(text)
    assert caught.value.errors[0].pointer == "/evidence/package"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"latency_ms":812', b'"latency_ms":NaN'),
        (b'"latency_ms":812', b'"latency_ms":1e999'),
        (b'"latency_ms":812', b'"latency_ms": 812'),
        (b'"latency_ms":812', b'"latency_ms":1,"latency_ms":812'),
        (b'"name":"tiny"', b'"name":"\\ud800"'),
        (b'"name":"tiny"', b'"name":"\\u0074iny"'),
    ],
)
def test_other_ways_to_write_the_same_or_the_impossible_are_noticed(before: bytes, after: bytes) -> None:
    text = encode_receipt(rate(normalised(evidence())))
    assert before in text
    with pytest.raises(ReceiptTampered):
        recompute(text.replace(before, after))
    assert recompute(text + b"\n").rating.package_id == "p1"


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b'{"form":3,"sha256":"x"}', b"[" * 100_000])
def test_what_is_no_receipt_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput):
        recompute(text)


def test_text_that_utf8_cannot_hold_is_replaced_before_scoring() -> None:
    given_evidence = normalised(evidence(package=package(readme="half a pair: \ud800")))
    assert given_evidence.package.value is not None
    assert given_evidence.package.value.readme == "half a pair: ?"
    assert recompute(encode_receipt(rate(given_evidence))).rating.package_id == "p1"


_WITHOUT_LISTS = """
import sys
sys.modules["license_expression"] = None  # importing it fails
from registry.rating.recompute import recompute
print(recompute(sys.stdin.buffer.read()).rating.net_score)
"""


def test_a_rating_is_computed_again_without_a_list_of_licenses() -> None:
    card = "---\nlicense: [apache-2.0, ISC OR GPL-2.0-only WITH Classpath-exception-2.0]\n---\n# Tiny\n"
    receipt = rate(normalised(evidence(package=package(license="mit or blueoak-1.0.0", readme=card))))
    license_score = receipt.rating.metric(MetricName.LICENSE)
    assert "Apache-2.0" in license_score.evidence
    assert "contradiction" in license_score.evidence
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LISTS], input=encode_receipt(receipt), capture_output=True, check=True
    )
    assert float(run.stdout) == receipt.rating.net_score


def test_a_rating_needs_a_record() -> None:
    nobody = replace(known(PackageFacts("p", "n", "model", 1)), value=None)
    with pytest.raises(InvalidInput):
        rate(evidence(package=nobody))
