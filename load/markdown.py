"""Cells and tables in Markdown."""

from collections.abc import Iterable, Sequence

from load.noise import Figure


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def amount(value: float) -> str:
    """Three digits that matter."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def figure(found: Figure) -> str:
    """The value with its noise in percent."""
    return amount(found.value) + ("" if found.share is None else f" ±{found.share:.0%}")
