"""Tables in the documentation: each stands between two comments that name it, and is written from measurements."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of docs/`page` between `<!-- trust: NAME -->` and `<!-- end: NAME -->`, and what measures it."""

    page: str
    name: str
    measure: Callable[[], str]

    def write(self, *, check: bool) -> bool:
        """Measure and write. With `check` nothing is written; gives whether the page is as measured."""
        measured = self.measure().rstrip() + "\n"
        path = _DOCS / self.page
        text = path.read_text(encoding="utf-8")  # after measuring, which takes minutes: others may write the page
        begin, end = f"<!-- trust: {self.name} -->\n", f"<!-- end: {self.name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{path} has no place for the table {self.name!r}: add {begin.strip()} and {end}")
        written = pattern.sub(lambda _: f"{begin}\n{measured}\n{end}", text)
        if not check:
            path.write_text(written, encoding="utf-8")
        return written == text


def table(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    """Markdown; every column but the first is aligned to the right."""
    lines = [header, ("---", *["---:"] * (len(header) - 1)), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"
