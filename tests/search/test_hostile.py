"""No pattern takes more than a second or much memory, whatever the READMEs."""

import time
from contextlib import suppress

import pytest
from tests.search import hostile

from registry.adapters.search.patterns import DEFAULT_LIMITS, PatternCompiler, measure
from registry.adapters.search.syntax import parse_pattern
from registry.domain.errors import InvalidInput

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
