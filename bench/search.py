"""What a search costs inside: this index, a loop over the names with `re`, and ripgrep, over the same texts.

Times are CPU time of this one thread, medians of several runs, with the disk cache warm. ripgrep is started again each
time, as a service that calls it would do, reads from memory and uses all cores: its time is the clock's.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bench import corpus
from bench.report import Measured, Row
from bench.suites import Options
from registry.adapters.search.file import SearchFile, View
from registry.adapters.search.matching import Walk, find_page
from registry.adapters.search.names import NameRow, NameTable
from registry.adapters.search.patterns import PatternCompiler
from registry.adapters.search.scopes import ScopeFilter, kind_code
from registry.adapters.search.words import rank_page
from registry.domain.packages import Package
from registry.domain.search import SearchField, SearchScope
from registry.ports.search import Checkpoint

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_QUICK_SIZES = (1_000, 10_000, 100_000)
_MAX_WITH_READMES, _QUICK_MAX_WITH_READMES = 100_000, 10_000
_PAGE = 100
_BATCH = 500
_NAME_PATTERNS = {
    "names, common": "bert",
    "names, rare": r"alice-(1234|77)/whisper-large-v3",
    "names, anchored": r"^google-\d+/bert-base",
    "names, classes": r"(?i)[A-Z]+-\d{4}/T5-(xl|xxl)\b.*squad$",
    "names, none": "no-such-name",
}
_README_PATTERNS = {
    "READMEs, rare literal": corpus.RARE_WORD + r" \d+",
    "READMEs, common literal": "(?i)bert",
    "READMEs, absent literal": "no such sentence",
    "READMEs, no literal, many": r"\d{3,}",
    "READMEs, no literal, none": r"\b[0-9]{9}\b",
}


_GOALS_MS = {("names", 100_000): 5.0, ("names", 1_000_000): 40.0, ("READMEs, rare literal", 100_000): 10.0}


def rows(options: Options) -> Iterator[Row]:
    """At each number of packages; READMEs up to 100,000. Most of the time goes into filling the index."""
    most = _QUICK_MAX_WITH_READMES if options.quick else _MAX_WITH_READMES
    for size in _QUICK_SIZES if options.quick else _SIZES:
        yield from _measure(size, with_readmes=size <= most)


def row_name(subject: str, packages: int) -> str:
    return f"{subject} ({packages:,} packages)"


def _row(subject: str, size: int, measured: Measured, unit: str, **beside: Any) -> Row:
    return Row("search", row_name(subject, size), measured.value, unit, measured.spread, **beside)


def _measure(size: int, *, with_readmes: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="registry-bench-") as folder:
        file, table = SearchFile(Path(folder) / "search.db"), NameTable()
        file.prepare()
        if with_readmes:
            started = time.thread_time()
            fill(file, corpus.packages(size, with_readmes=True))
            yield _row("fill the index", size, Measured(time.thread_time() - started, 0.0), "s CPU")
            megabytes = (Path(folder) / "search.db").stat().st_size / 1e6
            yield _row("index on disk", size, Measured(megabytes, 0.0), "MB")
            loading = _timed(lambda: NameTable().load(file.news(View()).rows or []), runs=3)
            yield _row("restart: names from disk", size, loading, "ms CPU")
            table.load(file.news(View()).rows or [])
        else:
            table.load(_name_rows(size))
        yield _row("memory per 100,000 names", size, Measured(_table_bytes(table) / size * 1e5 / 1e6, 0.0), "MB")
        yield from _measure_names(Path(folder), file, table, size)
        if with_readmes:
            yield from _measure_readmes(Path(folder), file, table, size)
        file.close()


def fill(file: SearchFile, packages: Iterator[Package]) -> None:
    """Take the packages in, as a host does that has no index."""
    at, done = Checkpoint(), 0
    while batch := list(islice(packages, _BATCH)):
        done += len(batch)
        to = Checkpoint("0", str(done), filled=True)
        file.apply(batch, (), at=at, to=to)
        at = to


def _name_rows(size: int) -> Iterator[NameRow]:
    for package in corpus.packages(size, with_readmes=False):
        # The order is that of the keys: the last one made comes first.
        number = size - int(package.id[-12:], 16)
        yield NameRow(number, package.name, kind_code(package.type, package.status), package.tags)


def _table_bytes(table: NameTable) -> int:
    return sum(
        sys.getsizeof(column)
        for block in table.blocks
        for column in (block.keys, block.text, block.starts, block.kinds, block.tags)
    )


def _measure_names(folder: Path, file: SearchFile, table: NameTable, size: int) -> Iterator[Row]:
    names = [line for block in table.blocks for line in block.text.decode().splitlines()[1:]]
    (folder / "names.txt").write_text("\n".join(names) + "\n")
    for subject, pattern in _NAME_PATTERNS.items():
        by_index = partial(_found, file, table, pattern, SearchField.NAME)
        loop = _timed(partial(_by_loop, names, pattern), runs=3)
        yield _row(
            subject,
            size,
            _timed(by_index),
            "ms CPU",
            baseline_name="loop with re",
            baseline_value=loop.value,
            goal=_GOALS_MS.get(("names", size)),
            note=_by_ripgrep(pattern, folder / "names.txt"),
        )


def _measure_readmes(folder: Path, file: SearchFile, table: NameTable, size: int) -> Iterator[Row]:
    texts = folder / "readmes"
    for number, readme in enumerate(corpus.readmes(size)):
        place = texts / f"{number // 1000:03d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.md").write_text(readme)
    for subject, pattern in _README_PATTERNS.items():
        by_index = partial(_found, file, table, pattern, SearchField.README)
        goal = _GOALS_MS.get((subject, size))
        yield _row(subject, size, _timed(by_index, runs=5), "ms CPU", goal=goal, note=_by_ripgrep(pattern, texts))
    scope = ScopeFilter.of(SearchScope())
    words = corpus.vocabulary()
    for subject, query in {
        "ranked, one rare word": [corpus.RARE_WORD],
        "ranked, two words": words[200:202],
        "ranked, common word": words[:1],
        "ranked, typing error": ["wisper"],
    }.items():
        ranked = partial(rank_page, file, table, query, scope, limit=50, position=None)
        yield _row(subject, size, _timed(ranked, runs=5), "ms CPU")


def _found(file: SearchFile, table: NameTable, pattern: str, field: SearchField) -> None:
    """A page from the start, compiled again; a walk without matches goes through everything."""
    walk = Walk(
        PatternCompiler().compile(pattern),
        frozenset([field]),
        ScopeFilter.of(SearchScope()),
        None,
        _PAGE,
        is_late=lambda: False,
    )
    find_page(walk, table, file)


def _by_loop(names: list[str], pattern: str) -> None:
    search = re.compile(pattern).search
    list(islice(filter(search, names), _PAGE))


def _by_ripgrep(pattern: str, path: Path) -> str:
    program = shutil.which("rg")
    if program is None:
        return "ripgrep is not installed"
    command = [program, "--files-with-matches" if path.is_dir() else "--max-count=100", "--regexp", pattern, path]
    found = _timed(
        lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False), runs=3, clock=time.perf_counter
    )
    return f"ripgrep {found.value:,.1f} ms"


def _timed(work: Callable[[], object], *, runs: int = 9, clock: Callable[[], float] = time.thread_time) -> Measured:
    """Milliseconds. The first run warms up and does not count."""
    work()
    times = []
    for _ in range(runs):
        started = clock()
        work()
        times.append((clock() - started) * 1e3)
    return Measured.of(times)
