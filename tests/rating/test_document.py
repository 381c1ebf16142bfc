"""The worked example of docs/rating.md is what the code gives, and its tables are the code's."""

import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

from registry.domain.evidence import Evidence, Fact, FactState
from registry.domain.ratings import FORMULA_VERSION, MetricName, Rating
from registry.domain.receipts import _typed
from registry.formats.license_terms import TERMS, Terms
from registry.rating.metrics.size import BUDGET_BYTES
from registry.rating.score import DEFAULT_WEIGHTS, METRICS, rate
from tests.rating.factories import evidence

DOCUMENT = (Path(__file__).parents[2] / "docs" / "rating.md").read_text(encoding="utf-8")
EXAMPLE = DOCUMENT.split("## A worked example", 1)[1]


def example() -> Rating:
    """The rating of the example's facts."""
    block = re.search(r"```json\n(.*?)\n```\n\n\|", EXAMPLE, re.DOTALL)
    assert block is not None
    hints = get_type_hints(Evidence)
    facts: dict[str, Any] = {}
    for name, members in json.loads(block[1]).items():
        value = _typed(get_args(hints[name])[0], members["value"])
        facts[name] = Fact(members["source"], FactState.KNOWN, value, latency_ms=members["latency_ms"])
    return rate(evidence(**facts)).rating


def rows(text: str) -> dict[str, list[str]]:
    """The tables' rows that begin with a name in code, by that name."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_example_s_scores_are_the_code_s() -> None:
    table = rows(EXAMPLE)
    rating = example()
    assert set(table) == {name.value for name in MetricName}
    for metric in rating.metrics:
        weight, score, because = table[metric.name.value]
        assert float(weight) == metric.weight
        assert (None if score == "null" else float(score)) == metric.result.score
        assert because


def test_the_arithmetic_in_the_table_is_right() -> None:
    for name, (_, score, because) in rows(EXAMPLE).items():
        for formula, value in re.findall(r"`([0-9.+*/() -]+) = ([0-9.]+)`", because):
            assert round(eval(formula), 6) == float(value), name  # noqa: S307 - digits and signs only
        if score != "null":
            assert f"{score}`" in because, name


def test_the_net_score_of_the_example() -> None:
    rating = example()
    scored = re.search(r"net score = `([0-9.+*/() -]+) = ([0-9.]+)`", EXAMPLE)
    between = re.search(r"from `([0-9.+*/() -]+) = ([0-9.]+)` to `([0-9.+*/() -]+) = ([0-9.]+)`", EXAMPLE)
    assert scored is not None
    assert between is not None
    assert round(eval(scored[1]), 6) == float(scored[2]) == rating.net_score  # noqa: S307 - digits and signs only
    assert (float(between[2]), float(between[4])) == rating.net_score_range
    assert [round(eval(between[place]), 6) for place in (1, 3)] == list(rating.net_score_range)  # noqa: S307


def test_the_table_of_formulas_names_every_metric_with_its_default_weight() -> None:
    table = rows(DOCUMENT.split("## The metrics", 1)[1].split("## ", 1)[0])
    assert {name: float(cells[0]) for name, cells in table.items()} == {
        name.value: weight for name, weight in DEFAULT_WEIGHTS.items()
    }
    assert set(METRICS) == set(MetricName)


def test_the_table_of_licenses_is_the_code_s() -> None:
    table = DOCUMENT.split("| kind | licenses |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    kinds = {cells[1].strip(): set(re.findall(r"`([^`]+)`", cells[2])) for cells in (row.split("|") for row in table)}
    named = {kind.name.lower().replace("_", " "): kind for kind in Terms if kind is not Terms.UNKNOWN}
    assert {kind.replace("-", " ").replace(",", ""): names for kind, names in kinds.items()} == {
        kind: {name for name, terms in TERMS.items() if terms is named[kind]} for kind in named
    }


def test_the_page_is_of_the_code_s_formula_version() -> None:
    assert f"This page has formula version {FORMULA_VERSION}." in DOCUMENT


def test_the_budgets_are_the_code_s() -> None:
    paragraph = " ".join(DOCUMENT.split("Memory budgets of `size`", 1)[1].split("\n\n", 1)[0].split())
    for budget in BUDGET_BYTES.values():
        assert f"{budget / 1024**3:g} GiB" in paragraph
