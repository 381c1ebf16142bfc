"""Tables that stay readable where the terminal is narrow."""

from collections.abc import Sequence

_NARROWEST = 12
"""A column that is folded keeps so many characters, or what it needs."""
_GAP = 3
_ALWAYS_SHOWN = 2


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> tuple[list[str], list[list[str]]]:
    """The columns, without the last ones that there is no room for; the first two, and ids, always stay."""
    kept = list(range(len(columns)))
    wanted = [max([len(columns[place]), *(len(row[place]) for row in rows)]) for place in kept]

    def needed() -> int:
        # The first column folds; the others are short or useless in pieces.
        first, *others = kept
        return min(wanted[first], max(_NARROWEST, width // 3)) + sum(wanted[place] + _GAP for place in others)

    for place in reversed(range(_ALWAYS_SHOWN, len(columns))):
        if needed() <= width:
            break
        if columns[place] != "ID":
            kept.remove(place)
    return [columns[place] for place in kept], [[row[place] for place in kept] for row in rows]
