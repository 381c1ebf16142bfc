"""Where a page ends and the next one begins."""

from registry.domain.pages import cut_page


def test_the_next_page_begins_after_the_last_item_of_this_one() -> None:
    assert cut_page([1, 2, 3], 2, str) == ([1, 2], "2")


def test_what_fits_has_no_next_page() -> None:
    assert cut_page([1, 2], 2, str) == ([1, 2], None)
    assert cut_page([], 2, str) == ([], None)
