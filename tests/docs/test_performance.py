"""docs/performance.md and its plots are those of the raw results that are kept."""

import re
from pathlib import Path

from load.report import page
from load.results import RESULTS, digest

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
IMAGES = PAGE.parent / "images" / "performance"


def test_the_page_is_made_from_the_raw_results() -> None:
    assert PAGE.read_text() == page(), "make report"


def test_every_plot_is_made_from_the_raw_results() -> None:
    shown = re.findall(r"\(images/performance/(\S+)\)", PAGE.read_text())
    assert sorted(shown) == sorted(path.name for path in IMAGES.iterdir())
    for name in shown:
        assert digest(RESULTS) in (IMAGES / name).read_text(), f"{name}: make report"


def test_raw_results_are_small() -> None:
    assert sum(path.stat().st_size for path in RESULTS.rglob("*.json")) < 3_000_000
