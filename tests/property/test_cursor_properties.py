"""A cursor opens for the listing that it was made for, and for no other."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import InvalidInput
from registry.services.packages.cursors import CursorCodec

TEXT = st.text(max_size=100)
CODEC = CursorCodec(b"a signing key of this test")


@given(TEXT, TEXT)
def test_what_was_sealed_opens(listing: str, position: str) -> None:
    cursor = CODEC.seal(listing, position)
    assert CODEC.open(listing, cursor) == position
    assert CursorCodec(b"a signing key of this test").open(listing, cursor) == position  # after a restart
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(TEXT, TEXT, st.sampled_from(["", "a", "acme/secret\n019b0000-0000-7000-8000-000000000000"]))
def test_a_cursor_does_not_show_its_position(listing: str, first: str, second: str) -> None:
    """Neither what it is nor, within 64 bytes, how long it is: it may be the name of a private package."""
    sealed = [base64.urlsafe_b64decode(CODEC.seal(listing, each) + "==") for each in (first, second)]
    assert len(second) < 4 or second[:4].encode() not in sealed[1]
    shortest = [len(position.encode()) // 64 for position in (first, second)]
    assert (len(sealed[0]) == len(sealed[1])) == (shortest[0] == shortest[1])


@given(TEXT, TEXT, TEXT)
def test_another_listing_refuses_it(listing: str, other: str, position: str) -> None:
    cursor = CODEC.seal(listing, position)
    if other != listing:
        with pytest.raises(InvalidInput):
            CODEC.open(other, cursor)
    with pytest.raises(InvalidInput):
        CursorCodec(b"another key").open(listing, cursor)


@given(TEXT, TEXT, TEXT)
def test_text_does_not_move_between_listing_and_position(listing: str, moved: str, position: str) -> None:
    cursor = CODEC.seal(listing, moved + position)
    if moved:
        with pytest.raises(InvalidInput):
            CODEC.open(listing + moved, cursor)


@given(TEXT, TEXT, st.data())
def test_a_changed_byte_is_noticed(listing: str, position: str, data: st.DataObject) -> None:
    cursor = CODEC.seal(listing, position)
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidInput) as told:
        CODEC.open(listing, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode())
    assert told.value.errors[0].pointer == "/cursor"


@given(st.text(st.characters(), max_size=200))
def test_no_text_is_a_cursor_by_chance(text: str) -> None:
    with pytest.raises(InvalidInput):
        CODEC.open("/packages?", text)
