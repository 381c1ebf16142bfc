"""What a search costs: this index, a loop over the names with `re`, and ripgrep, over the same texts in the same run.

`python -m bench.search 1000 10000` (numbers of packages; beyond 100,000 names alone). Times are the median of several
runs on one process; ripgrep is started anew each time, as a service that calls it would do, and reads from memory.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from bench import corpus
from registry.adapters.search.file import SearchFile, View
from registry.adapters.search.matching import Walk, find_page
from registry.adapters.search.names import NameRow, NameTable
from registry.adapters.search.patterns import PatternCompiler
from registry.adapters.search.scopes import ScopeFilter, kind_code
from registry.adapters.search.words import rank_page
from registry.domain.packages import Package
from registry.domain.search import SearchField, SearchScope
from registry.ports.search import Checkpoint

MAX_WITH_READMES = 100_000
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


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: what was done, over how many packages, by whom, and a value with its unit."""

    subject: str
    packages: int
    engine: str
    value: float
    unit: str


def run(sizes: list[int]) -> list[Row]:
    """Measure at each number of packages. Takes minutes from 100,000 on, most of it to fill the index."""
    return [row for size in sizes for row in _measure(size)]


def _measure(size: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        with_readmes = size <= MAX_WITH_READMES
        file, table = SearchFile(Path(folder) / "search.db"), NameTable()
        file.prepare()
        if with_readmes:
            started = time.perf_counter()
            _fill(file, corpus.packages(size, with_readmes=True))
            yield Row("fill the index", size, "registry", time.perf_counter() - started, "s")
            yield Row("index on disk", size, "registry", (Path(folder) / "search.db").stat().st_size / 1e6, "MB")
            started = time.perf_counter()
            table.load(file.news(View()).rows or [])
            yield Row("restart: names from disk", size, "registry", (time.perf_counter() - started) * 1e3, "ms")
        else:
            table.load(_name_rows(size))
        yield Row("memory per 100,000", size, "registry", _table_bytes(table) / size * 1e5 / 1e6, "MB")
        yield from _measure_names(Path(folder), file, table, size)
        if with_readmes:
            yield from _measure_readmes(Path(folder), file, table, size)
        file.close()


def _fill(file: SearchFile, packages: Iterator[Package]) -> None:
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
        yield NameRow(number, package.name, kind_code(package.type, package.status), package.created_by, package.tags)


def _table_bytes(table: NameTable) -> int:
    return sum(
        sys.getsizeof(column)
        for block in table.blocks
        for column in (block.keys, block.text, block.kinds, block.owners, block.tags)
    )


def _measure_names(folder: Path, file: SearchFile, table: NameTable, size: int) -> Iterator[Row]:
    names = [line for block in table.blocks for line in block.text.decode().splitlines()]
    (folder / "names.txt").write_text("\n".join(names) + "\n")
    for subject, pattern in _NAME_PATTERNS.items():
        by_index = partial(_found, file, table, pattern, SearchField.NAME)
        yield Row(subject, size, "registry", _timed(by_index), "ms")
        yield Row(subject, size, "loop with re", _timed(partial(_by_loop, names, pattern), runs=3), "ms")
        yield from _by_ripgrep(subject, pattern, folder / "names.txt", size)


def _measure_readmes(folder: Path, file: SearchFile, table: NameTable, size: int) -> Iterator[Row]:
    texts = folder / "readmes"
    for number, readme in enumerate(corpus.readmes(size)):
        place = texts / f"{number // 1000:03d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.md").write_text(readme)
    for subject, pattern in _README_PATTERNS.items():
        by_index = partial(_found, file, table, pattern, SearchField.README)
        yield Row(subject, size, "registry", _timed(by_index, runs=5), "ms")
        yield from _by_ripgrep(subject, pattern, texts, size)
    scope = ScopeFilter.of(SearchScope())
    words = corpus.vocabulary()
    for subject, query in {
        "ranked, one rare word": [corpus.RARE_WORD],
        "ranked, two words": words[200:202],
        "ranked, common word": words[:1],
        "ranked, typing error": ["wisper"],
    }.items():
        ranked = partial(rank_page, file, table, query, scope, limit=50, position=None)
        yield Row(subject, size, "registry", _timed(ranked, runs=5), "ms")


def _found(file: SearchFile, table: NameTable, pattern: str, field: SearchField) -> None:
    """A page from the start, compiled anew; a walk without matches goes through everything."""
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


def _by_ripgrep(subject: str, pattern: str, path: Path, size: int) -> Iterator[Row]:
    program = shutil.which("rg")
    if program is not None:
        command = [program, "--files-with-matches" if path.is_dir() else "--max-count=100", "--regexp", pattern, path]
        seconds = _timed(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False), runs=3)
        yield Row(subject, size, "ripgrep", seconds, "ms")


def _timed(work: Callable[[], object], *, runs: int = 9) -> float:
    """Milliseconds, the median."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def main() -> None:
    for row in run([int(size) for size in sys.argv[1:]] or [1_000, 10_000]):
        print(f"{row.packages:>9,}  {row.subject:<28} {row.engine:<14} {row.value:>12,.2f} {row.unit}")


if __name__ == "__main__":
    main()
