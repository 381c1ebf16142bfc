"""Each metric by hand-made evidence: numbers that can be worked out on paper, and properties that must hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.evidence import (
    CommitFacts,
    FileEntry,
    Integration,
    ParentScore,
    RepositoryFacts,
    ReviewFacts,
)
from registry.domain.ratings import MetricStatus, Target
from registry.rating.metrics import (
    bus_factor,
    performance_claims,
    ramp_up_time,
    reviewedness,
    size,
    tree,
)
from registry.rating.metrics import license as license_metric
from tests.rating.factories import archive, evidence, failed, known, package

COUNTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=20)


def commits(*counts: int) -> CommitFacts:
    return CommitFacts(tuple((f"a{place}", count) for place, count in enumerate(counts)), ())


def bus(*counts: int) -> float:
    score = bus_factor.measure(evidence(commits=known(commits(*counts)))).score
    assert score is not None
    return score


@pytest.mark.parametrize(("counts", "score"), [((7,), 0.0), ((5, 5), 0.5), ((1,) * 10, 0.9), ((3, 1), 0.375)])
def test_bus_factor_is_the_chance_that_two_commits_are_by_different_people(
    counts: tuple[int, ...], score: float
) -> None:
    assert bus(*counts) == score


def test_many_occasional_authors_do_not_make_up_for_one_who_does_everything() -> None:
    assert bus(10_000, *[1] * 100) < 0.03 < 0.5 == bus(10, 10)


@given(COUNTS, st.integers(2, 50))
def test_bus_factor_sees_the_distribution_and_not_the_number_of_commits(counts: list[int], times: int) -> None:
    assert bus(*counts) == pytest.approx(bus(*[count * times for count in counts]), abs=2e-6)


@given(COUNTS)
def test_splitting_an_author_s_commits_never_lowers_the_bus_factor(counts: list[int]) -> None:
    first = counts[0]
    if first > 1:
        assert bus(*counts) <= bus(first // 2, first - first // 2, *counts[1:])


def test_bus_factor_falls_back_to_all_time_and_says_so() -> None:
    result = bus_factor.measure(evidence(commits=known(CommitFacts((), (("ann", 3), ("bob", 1))))))
    assert result.score == 0.375
    assert "all time" in result.evidence
    assert "3 of them by ann" in result.evidence


def steps(*added: tuple[int, bool]) -> ReviewFacts:
    return ReviewFacts(tuple(Integration("c", lines, 3 if reviewed else None, reviewed) for lines, reviewed in added))


def test_reviewedness_is_the_share_of_added_lines() -> None:
    result = reviewedness.measure(evidence(reviews=known(steps((60, True), (40, False)))))
    assert result.score == 0.6
    assert "60 of 100 lines" in result.evidence
    assert "#3" in result.evidence


def test_reviewedness_is_null_without_a_repository_and_without_lines() -> None:
    assert reviewedness.measure(evidence()).status is MetricStatus.UNKNOWN
    assert reviewedness.measure(evidence(reviews=known(steps((0, True))))).status is MetricStatus.UNKNOWN
    assert reviewedness.measure(evidence(reviews=failed())).status is MetricStatus.LOST


@given(st.lists(st.tuples(st.integers(0, 999), st.booleans()), min_size=1))
def test_reviewing_one_more_step_never_lowers_reviewedness(added: list[tuple[int, bool]]) -> None:
    before = reviewedness.measure(evidence(reviews=known(steps(*added)))).score
    after = reviewedness.measure(evidence(reviews=known(steps((added[0][0], True), *added[1:])))).score
    assert (before is None) == (after is None)
    assert before is None or after is None or before <= after


def test_tree_is_the_mean_of_the_rated_parents() -> None:
    parents = (ParentScore("1", "bert", 0.8), ParentScore("2", "gpt", 0.4), ParentScore("3", "new", None))
    assert tree.measure(evidence(parents=known(parents))).score == 0.6
    assert tree.measure(evidence(parents=known(parents[2:]))).status is MetricStatus.UNKNOWN
    assert tree.measure(evidence()).status is MetricStatus.INAPPLICABLE
    assert tree.measure(evidence(parents=failed("record"))).status is MetricStatus.LOST


GIB = 1024**3


def test_size_against_the_documented_budgets() -> None:
    result = size.measure(evidence(package=package(content_size=GIB // 2)))
    assert dict(result.by_target) == {
        Target.RASPBERRY_PI: 0.0,
        Target.JETSON_NANO: 0.60206,
        Target.DESKTOP_PC: 1.0,
        Target.AWS_SERVER: 1.0,
    }
    assert result.score == 0.650515


def sized(**files: int) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(name.replace("__", "/").replace("_dot_", "."), size) for name, size in files.items())


def test_size_counts_one_copy_of_the_weights() -> None:
    files = sized(a_dot_safetensors=50, b_dot_safetensors=60, m_dot_bin=99, onnx__m_dot_onnx=400)
    assert size.weight_bytes(files) == ("safetensors", 110, 2)
    assert size.weight_bytes(files[2:]) == ("PyTorch", 99, 1)
    assert size.weight_bytes(files[3:]) == ("ONNX", 400, 1)
    assert size.weight_bytes((FileEntry("training_args.bin", 9), FileEntry("README.md", 9))) is None


def test_a_model_without_weights_has_nothing_to_run() -> None:
    nothing = evidence(package=package(content_size=900), archive=archive("README.md", "config.json", "train.py"))
    result = size.measure(nothing)
    assert (result.score, set(dict(result.by_target).values())) == (0.0, {0.0})
    assert "without weights" in result.evidence
    code = evidence(package=package(type="code", content_size=900), archive=archive("README.md", "train.py"))
    assert size.measure(code).score == 1.0
    unseen = evidence(package=package(content_size=900), archive=archive("a.md", truncated=True))
    assert size.measure(unseen).score == 1.0


def test_no_ending_hides_weights() -> None:
    assert size.weight_bytes(sized(a_dot_safetensors=100, b_dot_hidden=900)) == ("unknown", 900, 1)
    assert size.weight_bytes(sized(a_dot_safetensors=100, b_dot_hidden=700)) == ("safetensors", 100, 1)
    assert size.weight_bytes(sized(README_dot_md=900, config_dot_json=90, notes_dot_txt=9, RECORD=9)) is None
    assert size.weight_bytes(sized(RECORD=9)) == ("unknown", 9, 1)
    assert size.weight_bytes(sized(xgb_model_dot_json=9, RECORD=9)) == ("unknown", 9, 1)


def test_a_small_file_does_not_hide_large_weights() -> None:
    assert size.weight_bytes(sized(a_dot_safetensors=12, m_dot_bin=100)) == ("PyTorch", 100, 1)
    assert size.weight_bytes(sized(a_dot_safetensors=1, b_dot_bin=1, m_dot_gguf=900)) == ("GGUF", 900, 1)


def test_one_of_several_quantised_copies_counts_with_all_its_parts() -> None:
    parts = [FileEntry(f"q8-0000{part}-of-00002.gguf", 40) for part in (1, 2)]
    assert size.weight_bytes((FileEntry("q4.gguf", 50), *parts)) == ("GGUF", 80, 2)


@given(st.integers(1, 10**14), st.integers(1, 10**14))
def test_a_larger_package_never_fits_better(one: int, other: int) -> None:
    small, large = sorted((one, other))
    first = size.measure(evidence(package=package(content_size=small)))
    second = size.measure(evidence(package=package(content_size=large)))
    assert first.score is not None
    assert second.score is not None
    assert first.score >= second.score


def test_size_is_lost_with_a_source_that_could_list_weights() -> None:
    assert size.measure(evidence(hub=failed("huggingface"))).status is MetricStatus.LOST
    assert size.measure(evidence()).status is MetricStatus.UNKNOWN
    of_record = evidence(hub=failed("huggingface"), package=package(content_size=10))
    assert size.measure(of_record).status is MetricStatus.LOST


README = """# Tiny
## Install
```
pip install tiny
```
## Usage
```python
import tiny
```
"""


def test_ramp_up_time_adds_what_a_newcomer_gets() -> None:
    result = ramp_up_time.measure(evidence(package=package(readme=README)))
    assert result.score == pytest.approx(0.75 + 0.25 * 3 / 300, abs=1e-6)
    assert ramp_up_time.measure(evidence()).score == 0.0
    assert ramp_up_time.measure(evidence(hub_card=failed("huggingface"))).status is MetricStatus.LOST


def test_headings_and_fences_alone_are_no_help_to_a_newcomer() -> None:
    result = ramp_up_time.measure(evidence(package=package(readme="# A\n## Usage\n## B\n```\n\n```\n")))
    assert result.score == pytest.approx(0.25 * 3 / 300, abs=1e-6)


@given(st.lists(st.sampled_from(["## Usage\n", "```\npip install x\n```\n", "word\n", "# A\n"]), max_size=9))
def test_more_readme_never_lowers_ramp_up_time(pieces: list[str]) -> None:
    scores = [
        ramp_up_time.measure(evidence(package=package(readme="Text\n" + "".join(pieces[:length])))).score or 0.0
        for length in range(len(pieces) + 1)
    ]
    assert scores == sorted(scores)


def claims(card: str) -> float:
    score = performance_claims.measure(evidence(package=package(readme=card))).score
    assert score is not None
    return score


WELL_FORMED = """---
model-index:
- name: m
  results:
  - task: {type: t}
    dataset: {name: d}
    metrics: [{type: accuracy, value: VALUE}]
---
# M
"""


@pytest.mark.parametrize(
    ("card", "score"),
    [
        ("# Nothing\n", 0.0),
        ("# M\nAccuracy: 0.9\n", 0.14),
        ("## Evaluation\nAccuracy: 0.9 on GLUE, F1 88\n", 0.52),
        ("## Evaluation\nGLUE accuracy 0.9\nBLEU 27.1\nF1 88\nhttps://arxiv.org/abs/1\n", 0.426667),
        (WELL_FORMED.replace("VALUE", "0.9"), 0.52),
        (WELL_FORMED.replace("VALUE", "250"), 0.0),
        (WELL_FORMED.replace("VALUE", "0.9").replace("t}", "t}\n    source: {url: https://x.example}", 1), 0.8),
        ("See https://arxiv.org/abs/1904.06472 and the leaderboard.\n", 0.0),
        ("# R\nhttps://arxiv.org/abs/1\n\n| model | GLUE | SQuAD | COCO |\n|-|-|-|-|\n| F1 | 88 | 91,5 | 0.4 |\n", 1.0),
        ("# R\n| Dataset | Accuracy |\n|-|-|\n| House prices | 0.9 |\n", 0.52),
        ("# 評価\n正解率 on GLUE: 0.9\n", 0.52),
        ("Accuracy: 0.9\n" * 20, 0.14),
        (WELL_FORMED.replace("VALUE", "'high'"), 0.0),
        (WELL_FORMED.replace("VALUE", ".nan"), 0.0),
        (WELL_FORMED.replace("VALUE", "true"), 0.0),
        ("## Evaluation\n## Results\n", 0.0),
        ("Trained on COCO and SQuAD.\n", 0.0),
        ("## Results\nGLUE: see the figure\n", 0.0),
        ("Version 1.2.3 drops the race condition on the map.\n", 0.0),
    ],
)
def test_performance_claims_from_the_card(card: str, score: float) -> None:
    assert claims(card) == score


def test_the_lowest_of_the_licenses_stated_counts() -> None:
    repository = known(RepositoryFacts("o/r", "GPL-3.0-only"))
    result = license_metric.measure(evidence(package=package(license="MIT"), repository=repository))
    assert result.score == 0.625
    assert result.source == "github"
    assert "contradiction, the strictest counts: also MIT in the record" in result.evidence


def test_a_missing_license_is_no_permission_once_every_source_has_answered() -> None:
    assert license_metric.measure(evidence()).score == 0.0
    assert license_metric.measure(evidence(hub=failed("huggingface"))).status is MetricStatus.LOST


def test_a_license_that_names_itself_in_the_card() -> None:
    card = "---\nlicense: other\nlicense_name: llama3\n---\n"
    assert license_metric.measure(evidence(package=package(readme=card))).score == 0.5
