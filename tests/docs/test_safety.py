"""docs/safety.md has a place for every table that `python -m trust` writes, and names every verdict."""

from pathlib import Path

import pytest

from registry.domain.safety import SafetyStatus
from trust.__main__ import SECTIONS
from trust.containers import CONTAINERS
from trust.hiding import LARGE, METHODS
from trust.models import MODELS
from trust.sections import Section

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("section", SECTIONS, ids=[section.name for section in SECTIONS])
def test_a_table_has_its_place(section: Section) -> None:
    text = (DOCS / section.page).read_text(encoding="utf-8")
    assert f"<!-- trust: {section.name} -->" in text
    assert f"<!-- end: {section.name} -->" in text


def test_the_tables_are_of_what_is_measured() -> None:
    text = (DOCS / "safety.md").read_text(encoding="utf-8")
    for name in (*METHODS, *LARGE, *CONTAINERS, *(what for what, _, _ in MODELS)):
        assert f"| {name} |" in text, f"{name}: run make trust"


def test_every_verdict_is_explained() -> None:
    text = (DOCS / "safety.md").read_text(encoding="utf-8")
    assert all(f"| `{status}` |" in text for status in SafetyStatus)
