"""No pattern takes more than a second or much memory, whatever the READMEs."""

import itertools
import time
from contextlib import suppress
from pathlib import Path

import pytest

from registry.adapters.search.patterns import DEFAULT_LIMITS, PatternCompiler, measure
from registry.adapters.search.syntax import parse_pattern
from registry.domain.errors import InvalidInput
from registry.domain.search import RegexQuery, SearchField
from tests.search import hostile
from tests.search.engines import open_engine
from tests.search.records import Records, make_package

ANSWER_SECONDS = 1.0
_TEXTS = [text.encode() for text in hostile.readmes()]


def test_there_are_enough_patterns() -> None:
    assert len(set(hostile.PATTERNS)) >= 200
    assert all(len(text) <= hostile.README_BYTES for text in _TEXTS)


@pytest.mark.parametrize("pattern", hostile.PATTERNS, ids=lambda pattern: ascii(pattern[:30]))
def test_each_pattern_is_answered_or_refused(pattern: str) -> None:
    compiler = PatternCompiler()
    # CPU time of this thread: what the pattern costs, not what else the machine does.
    started = time.thread_time()
    with suppress(InvalidInput):
        compiler.compile(pattern)
    assert time.thread_time() - started < ANSWER_SECONDS
    try:
        compiled = compiler.compile(pattern)
    except InvalidInput:
        return
    for text in _TEXTS:
        # A page looks at the clock after each README, so one README is what an answer takes at least.
        started = time.thread_time()
        compiled.matches(text)
        assert time.thread_time() - started < ANSWER_SECONDS


@pytest.mark.parametrize("pattern", hostile.PATTERNS, ids=lambda pattern: ascii(pattern[:30]))
def test_what_is_compiled_was_measured_first(pattern: str) -> None:
    try:
        PatternCompiler().compile(pattern)
    except InvalidInput:
        return
    cost = measure(parse_pattern(pattern, max_depth=DEFAULT_LIMITS.max_depth).root)
    assert cost.instructions <= DEFAULT_LIMITS.max_instructions
    assert cost.places <= DEFAULT_LIMITS.max_places or cost.plain


async def test_a_page_looks_at_the_clock_after_each_readme(tmp_path: Path) -> None:
    """So an answer takes its budget and one README more; the walk still shows each match once."""
    records = Records()
    text = next(itertools.islice(hostile.readmes(), 2, None))
    records.put(*(make_package(number, f"n{number}", readme=text + "x" + "a" * number) for number in range(8)))
    ticks = itertools.count()
    async with open_engine(tmp_path / "search.db", records, monotonic=lambda: next(ticks) * 0.2) as engine:
        query = RegexQuery("x[ax]{90}x[a]{5,9}$", frozenset({SearchField.README}))
        pages: list[list[str]] = []
        position: str | None = None
        while position is not None or not pages:
            page = await engine.service.find(query, limit=50, position=position)
            pages.append([package.name for package in page.items])
            position = page.next_position
        assert pages == [["n7"], ["n6"], ["n5"], [], [], [], [], [], []]
