"""Metrics of data and code: numbers that can be worked out on paper, and properties that must hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.card_facts import CardReading, DemonstrationFacts, ProjectFacts
from registry.domain.evidence import (
    AssertionFacts,
    DatasetFacts,
    Fact,
    FileEntry,
    ModuleFacts,
    ParentScore,
    PythonFacts,
    TreeFacts,
)
from registry.domain.ratings import MetricStatus
from registry.formats.card_reading import read_card_text
from registry.rating.metrics import (
    code_quality,
    dataset_and_code,
    dataset_quality,
    reproducibility,
    size,
)
from tests.rating.factories import archive, evidence, failed, hub, known, package


def test_dataset_and_code_are_two_halves() -> None:
    card = "---\ndatasets: [squad]\n---\nTrained on SQuAD.\n```python\nimport tiny\ntiny.load()\n```\n"
    named = evidence(package=package(readme=card))
    assert dataset_and_code.measure(named).score == 0.5
    squad = (DatasetFacts(hub(id="squad", kind="dataset"), None),)
    found = evidence(package=package(readme=card), datasets=known(squad), archive=archive("train.py"))
    assert dataset_and_code.measure(found).score == 1.0
    assert dataset_and_code.measure(evidence()).score == 0.0
    assert dataset_and_code.measure(evidence(tree=failed())).status is MetricStatus.LOST


def test_a_registered_dataset_is_found() -> None:
    named = package(dependencies=(("dataset", "pairs"), ("base_model", "bert")))
    parents = (ParentScore("p2", "pairs", None), ParentScore("p3", "bert", 0.5))
    assert dataset_and_code.measure(evidence(package=named, parents=known(parents, "record"))).score == 0.5
    unregistered = (ParentScore("", "pairs", None), ParentScore("p3", "bert", 0.5))
    assert dataset_and_code.measure(evidence(package=named, parents=known(unregistered, "record"))).score == 0.25


def test_code_needs_no_dataset() -> None:
    result = dataset_and_code.measure(evidence(package=package(type="code"), archive=archive("a/b.py")))
    assert result.score == 1.0
    assert dataset_quality.measure(evidence(package=package(type="code"))).status is MetricStatus.INAPPLICABLE


def test_dataset_quality_on_paper() -> None:
    card = (
        "# Summary\nPairs of questions and answers.\n## Structure\nTwo fields in each of them.\n"
        "## Limitations\nEnglish only, and from the web.\n## Splits\nTwo.\n"
    )
    info = hub(id="squad", kind="dataset", license="cc-by-4.0", downloads=999, likes=9)
    facts = known((DatasetFacts(info, read_card_text(card)),))
    trained = package(dependencies=(("dataset", "squad"),))
    result = dataset_quality.measure(evidence(package=trained, datasets=facts))
    assert result.score == pytest.approx(0.4 * 3 / 7 + 0.2 + 0.2 * 3 / 6 + 0.2 * 1 / 3, abs=1e-6)
    assert dataset_quality.measure(evidence()).status is MetricStatus.UNKNOWN
    assert dataset_quality.measure(evidence(datasets=failed("huggingface"))).status is MetricStatus.LOST


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_downloads_never_lower_dataset_quality(one: int, other: int) -> None:
    def score(downloads: int) -> float:
        info = hub(id="d", kind="dataset", downloads=downloads)
        own = package(type="dataset")
        return dataset_quality.measure(evidence(package=own, hub=known(info, "huggingface"))).score or 0.0

    assert score(min(one, other)) <= score(max(one, other))


def test_a_template_that_nobody_filled_in_documents_nothing() -> None:
    subjects = ("Summary", "Structure", "Source Data", "Splits", "Uses", "Bias", "Licensing Information")
    template = "# Pairs\n" + "".join(
        f"## {subject}\n<!-- Tell of it here. -->\n\n- **{subject}:** [More Information Needed](https://a.example/x)\n"
        for subject in subjects
    )
    empty = dataset_quality.measure(evidence(package=package(type="dataset", readme=template)))
    assert empty.score == 0.0
    filled = template.replace("[More Information Needed](https://a.example/x)", "told here in some words")
    full = dataset_quality.measure(evidence(package=package(type="dataset", readme=filled)))
    assert full.score == pytest.approx(0.4 / 0.6, abs=1e-6)


def test_a_dataset_without_data_is_reported() -> None:
    def half(*paths: str) -> tuple[float | None, str]:
        dataset = package(type="dataset", content_size=500)
        result = dataset_and_code.measure(evidence(package=dataset, archive=archive(*paths)))
        return result.score, result.evidence

    score, text = half("README.md", "LICENSE", "dataset_infos.json", "load.py")
    assert (score, "a dataset without data" in text) == (0.0, True)
    assert half("README.md", "train.csv")[0] == 1.0
    assert half("README.md", "data.json")[0] == 1.0
    assert half("README.md", "rows.bin.zst", "load.py")[0] == 1.0


def test_a_dataset_without_data_has_nothing_to_document_or_to_hold() -> None:
    empty = evidence(package=package(type="dataset", content_size=500), archive=archive("README.md", "LICENSE"))
    assert dataset_quality.measure(empty).score == size.measure(empty).score == 0.0
    full = evidence(package=package(type="dataset", content_size=500), archive=archive("README.md", "a.csv"))
    assert size.measure(full).score == 1.0


def test_what_a_source_distribution_is_not_meant_to_hold_is_left_out() -> None:
    paths = ("tiny-1.0/PKG-INFO", "tiny-1.0/tiny.py")
    assert "continuous integration" not in code_quality.measure(evidence(archive=archive(*paths))).evidence
    assert "no continuous integration" in code_quality.measure(evidence(archive=archive(*paths[1:]))).evidence


def test_python_without_a_statement_is_no_code() -> None:
    comments = python(files=1, statements=0)
    assert (
        dataset_and_code.measure(evidence(package=package(type="code"), archive=archive("a.py", python=comments))).score
        == 0.0
    )


def test_tests_count_by_what_they_assert() -> None:
    def score(tests: AssertionFacts) -> float:
        facts = python(statements=100 + tests.statements, tests=tests, functions=0, findings=None)
        return code_quality.measure(evidence(archive=archive("a.py", "tests/test_a.py", python=facts))).score or 0.0

    assert score(AssertionFacts(5, 5, 30, 25)) == pytest.approx(0.3 / 0.8, abs=1e-6)
    assert score(AssertionFacts(5, 1, 30, 5)) == pytest.approx(0.3 * 0.2 / 0.8, abs=1e-6)
    assert score(AssertionFacts(99, 0, 999, 0)) == 0.0


def test_a_dataset_of_its_own_without_a_hub() -> None:
    card = "---\nlicense: mit\n---\n# Summary\n## Fields\nThe text and its label.\n"
    result = dataset_quality.measure(evidence(package=package(type="dataset", readme=card)))
    assert result.score == pytest.approx((0.4 * 2 / 7 + 0.2) / 0.6, abs=1e-6)


def python(**members: object) -> PythonFacts:
    given_members: dict[str, object] = {
        "files": 1,
        "lines": 100,
        "syntax_errors": 0,
        "functions": 4,
        "annotated_functions": 2,
        "findings": (("F401", 1),),
    }
    return PythonFacts(**given_members | members)  # type: ignore[arg-type] # members by name


PROJECT = ("src/a.py", "tests/test_a.py", ".github/workflows/ci.yml", ".pre-commit-config.yaml")


def test_code_quality_on_paper() -> None:
    full = evidence(archive=archive(*PROJECT, python=python()))
    assert code_quality.measure(full).score == pytest.approx(0.3 / 2 + 0.2 + 0.15 + 0.15 * 0.5 + 0.2 * 0.5, abs=1e-6)
    bare = evidence(archive=archive("a.py", python=python(findings=None)))
    assert code_quality.measure(bare).score == pytest.approx(0.15 * 0.5 / 0.8, abs=1e-6)


def test_empty_files_count_for_nothing() -> None:
    empty = tuple(FileEntry(path, 0) for path in (*PROJECT, "mypy.ini", "src/py.typed"))
    only_empty = evidence(tree=known(TreeFacts(empty, truncated=False)))
    assert code_quality.measure(only_empty).status is MetricStatus.UNKNOWN
    assert dataset_and_code.measure(only_empty).score == 0.0
    beside_code = evidence(tree=known(TreeFacts((FileEntry("a.py", 900), *empty), truncated=False)))
    assert code_quality.measure(beside_code).score == 0.0


def test_tests_are_measured_against_the_code_that_they_test() -> None:
    files = (FileEntry("a.py", 800), FileEntry("tests/data.json", 10**6), FileEntry("tests/test_a.py", 100))
    result = code_quality.measure(evidence(tree=known(TreeFacts(files, truncated=False))))
    assert result.score == pytest.approx(0.3 * 0.25 / 0.8, abs=1e-6)
    assert "tests, not read: tests/test_a.py, 100 bytes for 800 of other code" in result.evidence


def test_a_line_of_python_is_too_little_to_judge() -> None:
    wheel = archive("a.py", python=python(lines=1, functions=0, annotated_functions=0, findings=()), is_wheel=True)
    assert code_quality.measure(evidence(archive=wheel)).status is MetricStatus.UNKNOWN


def test_a_wheel_is_not_blamed_for_having_no_tests() -> None:
    wheel = evidence(archive=archive("a.py", python=python(), is_wheel=True))
    assert code_quality.measure(wheel).score == pytest.approx((0.15 * 0.5 + 0.2 * 0.5) / 0.35, abs=1e-6)


def test_tools_may_be_set_up_in_pyproject() -> None:
    files = (FileEntry("a.py", 1), FileEntry("pyproject.toml", 1))
    facts = TreeFacts(files, truncated=False, project=ProjectFacts(tools=("mypy", "ruff")))
    result = code_quality.measure(evidence(tree=known(facts)))
    assert result.score == pytest.approx(0.3 / 0.8, abs=1e-6)
    assert "ruff in pyproject.toml" in result.evidence


def test_code_quality_without_code_is_unknown_and_with_a_failing_host_lost() -> None:
    assert code_quality.measure(evidence(archive=archive("model.safetensors"))).status is MetricStatus.UNKNOWN
    assert code_quality.measure(evidence(archive=archive("a.py", python=python()), tree=failed())).score is None


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_more_findings_never_raise_code_quality(one: int, other: int) -> None:
    def score(count: int) -> float:
        facts = python(findings=(("F401", count),))
        return code_quality.measure(evidence(archive=archive("a.py", python=facts))).score or 0.0

    assert score(min(one, other)) >= score(max(one, other))


def demonstration(**members: object) -> DemonstrationFacts:
    return DemonstrationFacts(**{"position": 1, "lines": 3, "used": True, "names_package": True} | members)  # type: ignore[arg-type] # members by name


def shown(*blocks: DemonstrationFacts) -> Fact[CardReading]:
    return known(CardReading(demonstrations=blocks, libraries=("transformers",)), "record")


@pytest.mark.parametrize(
    ("block", "score"),
    [
        (demonstration(imports=("transformers",)), 1.0),
        (demonstration(imports=("transformers", "gone")), 0.75),
        (demonstration(imports=("transformers",), undefined=("model",)), 0.75),
        (demonstration(imports=("tiny",), imported=(("tiny", "load"),)), 1.0),
        (demonstration(imports=("tiny",), imported=(("tiny", "gone"),)), 0.75),
        (demonstration(imports=("sklearn.svm",)), 1.0),
        (demonstration(used=False, standard_imports=1, files=("data/x.csv",)), 1.0),
        (demonstration(standard_imports=1, files=("y.csv",)), 0.75),
        (demonstration(error="line 1: invalid syntax"), 0.0),
        (demonstration(used=False), 0.0),
        (demonstration(names_package=False, imports=("transformers",)), 0.0),
        (demonstration(names_package=False, imports=("tiny",)), 1.0),
        (demonstration(used=False, names_package=False, files=("README.md",)), 0.0),
        (demonstration(used=False, imports=("transformers",)), 0.0),
        (demonstration(used=False, standard_imports=1), 0.0),
    ],
)
def test_reproducibility_finds_what_a_block_needs(block: DemonstrationFacts, score: float) -> None:
    modules = (ModuleFacts("tiny", ("load",)),)
    content = archive("x.csv", python=python(modules=modules), requirements=("scikit-learn",))
    given_evidence = evidence(archive=content, card=shown(block))
    assert reproducibility.measure(given_evidence).score == score


def test_what_is_missing_may_be_in_a_source_that_failed() -> None:
    result = reproducibility.measure(evidence(card=shown(demonstration(imports=("gone",))), tree=failed()))
    assert (result.low, result.score, result.high) == (0.5, 0.5, 1.0)
    assert result.lost_to == ("github",)


def test_reproducibility_without_a_card_or_code() -> None:
    assert reproducibility.measure(evidence()).score == 0.0
    assert reproducibility.measure(evidence(hub_card=failed("huggingface"))).status is MetricStatus.LOST
    assert reproducibility.measure(evidence(package=package(readme="# Text"))).score == 0.0
