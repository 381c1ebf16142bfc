"""What a pattern means: as Python's `re` where both understand it, by itself or through the index."""

import re
import tempfile
import warnings
from pathlib import Path

import pytest
import re2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry.adapters.search.file import SearchFile, View
from registry.adapters.search.keys import BOTTOM
from registry.adapters.search.literals import fold, required_clauses, required_literals
from registry.adapters.search.matching import Walk, find_page
from registry.adapters.search.names import NameRow, NameSearch, NameTable
from registry.adapters.search.patterns import PatternCompiler
from registry.adapters.search.scopes import ScopeFilter, kind_code
from registry.adapters.search.syntax import parse_pattern
from registry.domain.errors import InvalidInput
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.search import SearchField, SearchScope
from registry.ports.search import Checkpoint
from tests.search.generated import NAME_TEXTS, PATTERNS, README_TEXTS, Twin
from tests.search.records import make_package, package_id


def in_python(twin: Twin) -> "re.Pattern[str]":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(twin.python)


@given(PATTERNS, st.lists(st.tuples(NAME_TEXTS, st.none() | README_TEXTS), min_size=1, max_size=12))
@example(Twin("(?i)task", "(?i)task"), [("x", "TAS\u212a"), ("y", "ta\u017fk")])
@example(Twin("a\x00k", "a\x00k"), [("x", "sa\x00k1"), ("y", "s" * 20 + "\x00a\x00k")])
@example(Twin("\\z|\\A", "\\Z|\\A"), [("a", ""), ("b", None)])
@example(Twin("(?i)\u00e9ab", "(?i)\u00e9ab"), [("a", "\u00c9AB")])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_index_finds_what_python_finds(twin: Twin, texts: list[tuple[str, str | None]]) -> None:
    python, compiler = in_python(twin), PatternCompiler()
    packages = [make_package(number, name, readme=readme) for number, (name, readme) in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        file, table = SearchFile(Path(folder) / "search.db"), NameTable()
        file.prepare()
        file.apply(packages, (), at=Checkpoint(), to=Checkpoint("0", None, filled=True))
        table.load(file.news(View()).rows or [])
        for field in SearchField:
            expected = [
                package_id(number)
                for number, (name, readme) in enumerate(texts)
                if (text := name if field is SearchField.NAME else readme) is not None and python.search(text)
            ]
            walk = Walk(
                compiler.compile(twin.re2), frozenset([field]), ScopeFilter.of(SearchScope()), None, 50, lambda: False
            )
            assert list(find_page(walk, table, file).ids) == expected[::-1]
        file.close()


@given(PATTERNS, README_TEXTS)
@settings(max_examples=300, deadline=None)
def test_every_match_has_the_required_texts(twin: Twin, text: str) -> None:
    if in_python(twin).search(text):
        clauses = required_clauses(parse_pattern(twin.re2, max_depth=50).root)
        assert all(any(wanted in fold(text) for wanted in clause) for clause in clauses)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (r"^google-\d+/bert", [{"\ngoogle-"}, {"/bert"}]),
        (r"(?i)[A-Z]+/T5-(xl|xxl)\b.*squad$", [{"/t5-xl", "/t5-xxl"}, {"squad"}]),
        (r"\d(abc|xyz)\dabc", [{"abc"}]),  # what begins in two ways is not looked for first
        (r"^ab", [{"\nab"}]),
        (r"^\d+a", []),
        (r"bert-\d+-base", []),
        (r"\dbert|x", []),
        (r"", []),
    ],
)
def test_landmarks(pattern: str, told: list[set[str]]) -> None:
    assert list(required_literals(parse_pattern(pattern, max_depth=50).root)) == told


@pytest.mark.parametrize("pattern", [r"\dabc\d*-x", r"^\d+abc\d+-x", r"\dabc[0-9x-]*x$"])
def test_landmarks_that_mostly_mislead_lose_no_match(pattern: str) -> None:
    kind = kind_code(PackageType.MODEL, PackageStatus.ACTIVE)
    names = [f"{number}abc{number}-{'x' if number % 700 in (0, 1) else 'y'}" for number in range(5000)]
    table = NameTable()
    table.load(NameRow(-number, name, kind, ()) for number, name in enumerate(names))
    walk, found = NameSearch(table, PatternCompiler().compile(pattern), ScopeFilter.of(SearchScope()), below=1), []
    while walk.low != BOTTOM:
        found += walk.advance(3)
    assert [names[-key] for key in found] == [name for name in names if re.search(pattern, name)]


_SYNTAX = st.lists(
    st.sampled_from(
        [*"ab01^$.|()[]{}*+?-,:\\QEdwpPLxXzAbBnCk<>!=i\u00e9 ", "(?", "(?i)", "(?P<", "[[:", ":]]", "\\p{", "{2}"]
    ),
    max_size=14,
).map("".join)


@given(_SYNTAX)
@example("a(?i)*")
@example("a*(?i)*")
@example("\\Q\\E*")
@example("a\\Q\\E*")
@example("[]a]")
@example("[^]a]")
@example("[a-]")
@example("[-a]")
@example("[a-\\d]")
@example("[[:word:]-z]")
@example("a{01}")
@example("a{,3}")
@example("{2}")
@example("\\pN")
@example("\\p{^Greek}")
@example("(?<n>a)")
@example("(?i-)a")
@example("[[:a]")
@settings(max_examples=600, deadline=None)
def test_a_pattern_is_accepted_where_re2_accepts_it(pattern: str) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
        accepted = True
    except re2.error:
        accepted = False
    try:
        PatternCompiler().compile(pattern)
        read, reason = True, ""
    except InvalidInput as refusal:
        read, reason = False, str(refusal)
    # Single bytes are RE2's, and refused on purpose.
    assert read == accepted or "single bytes" in reason
