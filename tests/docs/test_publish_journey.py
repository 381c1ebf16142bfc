"""The journey of a publish stays as short as docs/architecture.md says."""

import re
from collections import Counter

from tests.docs.conftest import ROOT
from tests.docs.publish_journey import modules_entered

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MOST_USE_CASES = 20


def test_a_publish_enters_no_more_modules_than_the_page_says() -> None:
    stated = re.search(r"enters (\d+) modules", PAGE)
    assert stated is not None
    entered = modules_entered()
    by_package = Counter(name.partition(".")[0] for name in entered)
    assert by_package["services"] <= MOST_USE_CASES, entered
    assert len(entered) <= int(stated[1]), entered
    assert {"api.routes.packages", "services.packages.publishing", "adapters.sqlite.writer"} <= {*entered}
