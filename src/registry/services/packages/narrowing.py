"""Listings narrowed by what has no index.

A request examines a bounded number of packages, so that a rare license costs no more than a common one. Its page may
therefore be short, even empty, and have a next one.
"""

import json
from collections.abc import Sequence
from typing import Protocol

from registry.domain.listing import PackageFilter
from registry.domain.narrowing import Narrowing, has_verdict, states_license
from registry.ports.packages import PackageSummary, SummaryPage
from registry.services.ratings.ratings import Ratings

_READ_AT_ONCE = 100
_MOST_PAGES = 5


class Listing(Protocol):
    async def list_page(self, wanted: PackageFilter, *, limit: int, after: str | None) -> SummaryPage:
        """A page of packages in the listing's order."""


async def list_narrowed(
    listing: Listing, wanted: PackageFilter, by: Narrowing, ratings: Ratings, *, limit: int, after: str | None
) -> SummaryPage:
    """A page of those packages of a listing that fit, out of the next `_READ_AT_ONCE` × `_MOST_PAGES`."""
    items: list[PackageSummary] = []
    for _ in range(_MOST_PAGES):
        page = await listing.list_page(wanted, limit=_READ_AT_ONCE, after=after)
        fit = await fitting(page.items, by, ratings)
        room = limit - len(items)
        if len(fit) > room:
            # The place of the last one that fits is known as the end of a page that ends with it.
            length = next(place for place, item in enumerate(page.items, 1) if item.id == fit[room - 1].id)
            page = await listing.list_page(wanted, limit=length, after=after)
            fit = await fitting(page.items, by, ratings)
        items += fit
        after = page.next_after
        if after is None or len(items) >= limit:
            break
    return SummaryPage(tuple(items), after)


async def fitting(items: Sequence[PackageSummary], by: Narrowing, ratings: Ratings) -> list[PackageSummary]:
    """Those of the packages that a narrowing leaves."""
    stated = [item for item in items if by.license is None or states_license(_license(item), by.license)]
    if by.safety is None:
        return stated
    found = await ratings.find_summaries([(item.id, item.revision) for item in stated])
    return [item for item in stated if item.id in found and has_verdict(found[item.id].summary, by.safety)]


def _license(item: PackageSummary) -> str | None:
    stated: str | None = json.loads(item.body)["license"]
    return stated
