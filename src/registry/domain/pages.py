"""Cutting a page from what was found."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
BEFORE_ALL_IDS, AFTER_ALL_IDS = "", "~"
"""Where a walk in the order of ids begins."""


def cut_page(found: Sequence[T], limit: int, place: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """The first `limit` of `limit + 1` that were asked for, and the place of the last where there are more.

    The next page begins after that place; it is None at the end.
    """
    page = found[:limit]
    return page, place(page[-1]) if len(found) > limit else None
