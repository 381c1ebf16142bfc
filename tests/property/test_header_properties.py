"""Headers as anybody may send them: understood where well-formed, else refused or ignored, never a crash."""

import hashlib
from collections.abc import AsyncIterator
from email.message import Message

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from registry.api.conditional import content_tag, expected_revisions, is_unchanged, package_tag
from registry.api.digests import announced_digests, repr_digest, verified
from registry.api.streaming import ByteRange, RangeNotSatisfiable, requested_range
from registry.domain.errors import DigestMismatch, InvalidInput
from registry.formats.disposition import attachment

SIZES = st.integers(0, 2**40)
REVISIONS = st.integers(1, 10**15)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))


def headers(name: str, *values: str) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for value in values])


@given(HEADER_TEXT | st.from_regex(r"bytes=[0-9 ,-]{0,30}", fullmatch=True), SIZES)
def test_a_range_is_inside_the_content(header: str, size: int) -> None:
    try:
        found = requested_range(header, size)
    except RangeNotSatisfiable:
        return
    if found is not None:
        assert found.length > 0
        assert 0 <= found.offset <= found.offset + found.length <= size


@given(SIZES, SIZES, st.integers(1, 2**40))
def test_a_range_selects_what_slicing_does(first: int, last: int, size: int) -> None:
    selected = range(size)[first : last + 1]
    if selected:
        assert requested_range(f"bytes={first}-{last}", size) == ByteRange(selected[0], len(selected))
    elif last < first:
        assert requested_range(f"bytes={first}-{last}", size) is None  # not a range: the whole is served
    else:
        with pytest.raises(RangeNotSatisfiable):
            requested_range(f"bytes={first}-{last}", size)


@given(st.integers(1, 2**41), st.integers(1, 2**40))
def test_a_suffix_is_the_end(length: int, size: int) -> None:
    expected = ByteRange(max(0, size - length), min(length, size))
    assert requested_range(f"bytes=-{length}", size) == expected
    begin, end, whole = expected.content_range(size).removeprefix("bytes ").replace("/", "-").split("-")
    assert (int(begin), int(end), int(whole)) == (expected.offset, size - 1, size)


@given(st.lists(st.tuples(REVISIONS, st.booleans()), max_size=5), REVISIONS)
def test_entity_tags(sent: list[tuple[int, bool]], current: int) -> None:
    line = ", ".join(("W/" if weak else "") + package_tag(revision) for revision, weak in sent)
    assert is_unchanged(line, package_tag(current)) == (current in {revision for revision, _ in sent})
    strong = frozenset(revision for revision, weak in sent if not weak)
    assert expected_revisions(headers("if-match", line)) == strong
    assert expected_revisions(headers("if-match", *line.split(", "))) == strong


@given(HEADER_TEXT)
def test_odd_conditions_do_not_crash(text: str) -> None:
    found = expected_revisions(headers("if-match", text))
    assert found is None or all(revision > 0 for revision in found)
    assert is_unchanged(text, content_tag("ab" * 32)) in (True, False)


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(st.binary(max_size=200), st.integers(1, 50), st.sampled_from(["content-digest", "repr-digest"]))
async def test_the_right_digest_passes_and_every_other_does_not(body: bytes, size: int, name: str) -> None:
    field = repr_digest(hashlib.sha256(body).hexdigest())
    announced = announced_digests(headers(name, f"md5=:AAAA:, {field}"))
    assert b"".join([chunk async for chunk in verified(in_pieces(body, size), announced)]) == body
    with pytest.raises(DigestMismatch) as told:
        [chunk async for chunk in verified(in_pieces(body + b"!", size), announced)]
    assert told.value.errors[0].pointer == f"/{name}"


@given(HEADER_TEXT | st.from_regex(r"sha-256=:[A-Za-z0-9+/=]{0,60}:", fullmatch=True))
def test_odd_digests_are_refused_or_have_32_bytes(text: str) -> None:
    try:
        announced = announced_digests(headers("content-digest", text))
    except InvalidInput:
        return
    assert all(len(digest) == 32 for _, digest in announced)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=100))
def test_file_names_survive_attachment(name: str) -> None:
    assume(not (name.startswith("<") and name.endswith(">")))  # Python's reader takes the brackets away
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    plain, _, encoded = header.removeprefix("attachment; ").partition("; ")
    message = Message()
    # Where both forms are sent, the encoded one counts (RFC 6266, section 4.3).
    message["content-disposition"] = f"attachment; {encoded or plain}"
    assert message.get_filename() == name
