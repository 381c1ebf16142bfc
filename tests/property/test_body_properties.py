"""JSON and multipart bodies, however they are cut into chunks and whatever is in them."""

import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from registry.api.json_text import MAX_DEPTH, parse_json
from registry.api.multipart import MultipartStream
from registry.api.strict_json import read_limited
from registry.domain.errors import InvalidInput, TooLarge
from tests.api.support import multipart

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@given(VALUES)
def test_json_is_read_as_everybody_reads_it(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=100) | st.text('[]{}":,0123456789eE.-+\\u tfn', max_size=60).map(str.encode))
def test_no_body_crashes_the_reader(body: bytes) -> None:
    with contextlib.suppress(HTTPException, InvalidInput):
        parse_json(body)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth(opening: bytes, closing: bytes) -> None:
    parse_json(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(InvalidInput, match=r"nested deeper|elements"):
            parse_json(opening * depth + b"1" + closing * depth)


@pytest.mark.parametrize("sign", ["", "-"])
def test_numbers_end_where_doubles_do(sign: str) -> None:
    largest = f"{sign}{int(sys.float_info.max)}"
    assert parse_json(largest.encode()) == int(largest)
    for beyond in (f"{sign}{int(sys.float_info.max) + 1}", f"{sign}1e309", sign + "9" * 309, sign + "9" * 1_000_000):
        with pytest.raises(InvalidInput, match="does not fit a double"):
            parse_json(beyond.encode())


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b'{"a": NaN}', b"", b"\xff", b"\xef\xbb\xbf1"])
def test_what_is_no_json(text: bytes) -> None:
    with pytest.raises(HTTPException) as told:
        parse_json(text)
    assert told.value.status_code == 400


def test_half_a_character_is_pointed_at() -> None:
    with pytest.raises(InvalidInput) as told:
        parse_json(rb'{"a/b~c": ["whole", "\ud800"]}')
    assert told.value.errors[0].pointer == "/a~1b~0c/1"


@given(st.binary(max_size=50), st.integers(1, 20), st.integers(0, 60), st.booleans())
async def test_a_limit_is_kept_with_and_without_announcement(
    body: bytes,
    size: int,
    limit: int,
    announces: bool,  # noqa: FBT001 – a property's parameter
) -> None:
    announced = len(body) if announces else None
    if len(body) > limit:
        with pytest.raises(TooLarge):
            await read_limited(in_pieces(body, size), limit=limit, announced=announced)
    else:
        assert await read_limited(in_pieces(body, size), limit=limit, announced=announced) == body


async def parts_of(body: bytes, size: int) -> list[tuple[str, str | None, str, bytes]]:
    stream = MultipartStream(in_pieces(body, size), BOUNDARY.decode())
    found = []
    while (part := await stream.next_part()) is not None:
        data = b"".join([chunk async for chunk in stream.data()])
        found.append((part.name, part.filename, part.media_type, data))
    return found


@given(
    st.binary(max_size=300),
    st.integers(1, 400),
    # Of a path, which some browsers send, the last part counts.
    st.text(
        st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\%"), min_size=1, max_size=30
    ),
)
async def test_multipart_is_the_same_in_any_pieces(content: bytes, size: int, filename: str) -> None:
    body, _ = multipart({"name": "x"}, content, filename=filename, media_type="application/zip")
    metadata, file = await parts_of(body, size)
    assert metadata == ("metadata", None, "application/json", b'{"name": "x"}')
    assert file == ("content", filename, "application/zip", content)


BOUNDARY = b"registry-test-boundary"
DELIMITER = b"\r\n--" + BOUNDARY
FRAGMENTS = (
    *(b"\r\n", b"\r\n\r\n", b"\n", b"--", b"--" + BOUNDARY, DELIMITER, DELIMITER + b"\r\n", DELIMITER + b"--\r\n"),
    *(b'Content-Disposition: form-data; name="a"', b"Content-Type: text/plain", b"X-Odd:  y", b"X-Odd:z", b": "),
    *(b" ", b"", b"content", b"\x00", b"\xff"),
)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.integers(1, 40))
async def test_an_odd_multipart_body_is_the_same_whole_and_in_pieces(fragments: list[bytes], size: int) -> None:
    body = DELIMITER[2:] + b"\r\n" + b"".join(fragments) + DELIMITER + b"--\r\n"
    assert await outcome_of(body, len(body)) == await outcome_of(body, size)


async def outcome_of(body: bytes, size: int) -> object:
    """The parts, or the status of the answer to a body that cannot be read."""
    try:
        return await parts_of(body, size)
    except HTTPException as error:
        return error.status_code


@given(st.data(), st.integers(1, 50))
async def test_a_cut_multipart_body_is_malformed(data: st.DataObject, size: int) -> None:
    body, _ = multipart({"name": "x"}, b"some content\r\n--registry-test-boundar")
    closing = len(body) - len("--\r\n")
    cut = data.draw(st.integers(0, closing - 1))
    with pytest.raises(HTTPException) as told:
        await parts_of(body[:cut], size)
    assert told.value.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        b"[" + b"[]," * 700_000 + b"1]",
        b"[" + b"1," * 1_000_000 + b"1]",
        b'["' + b'","' * 500_000 + b'"]',
        b"{" + b'"a":1,' * 300_000 + b'"a":1}',
        b"[" * 2_000_000,
        b"]" * 2_000_000,
        b'"' * 2_000_000,
        b"1" * 2_000_000,
        b"0." + b"1" * 2_000_000,
        b'["\\\\",' * 300_000,
    ],
    ids=lambda text: ascii(text[:6]),
)
def test_two_megabytes_of_anything_cost_little(text: bytes) -> None:
    began = time.process_time()
    with pytest.raises((InvalidInput, HTTPException)):
        parse_json(text)
    assert time.process_time() - began < 0.3


def test_texts_with_many_commas_and_brackets_are_no_elements() -> None:
    readme = '[a](b), {c}: "d\\e", ' * 10_000
    assert parse_json(json.dumps({"readme": readme, "depth": [[[readme]]]}).encode())["readme"] == readme
