"""Zips written as a stream: readable by others, and the same bytes for the same files."""

import io
import zipfile
from collections.abc import Iterable

import pytest

from registry.adapters.outbound.streamed_zip import StreamedZip

FILES = [("README.md", b"# Tiny"), ("a/\u00e9.bin", bytes(range(256)) * 40), ("empty", b"")]


def written(files: Iterable[tuple[str, bytes]], archive: StreamedZip) -> bytes:
    pieces = []
    for name, content in files:
        pieces.append(archive.begin(name, len(content)))
        for start in range(0, len(content), 1_000):
            archive.add(content[start : start + 1_000])
            pieces.append(content[start : start + 1_000])
        pieces.append(archive.end())
    return b"".join([*pieces, archive.finish()])


@pytest.mark.parametrize("zip64_from", [0xFFFF_FFFF, 5_000, 1])
def test_others_read_it_in_both_forms(zip64_from: int) -> None:
    data = written(FILES, StreamedZip(comment="c0ffee", zip64_from=zip64_from))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert [(info.filename, archive.read(info)) for info in archive.infolist()] == FILES
        assert archive.comment == b"c0ffee"
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}
    assert (b"PK\x06\x06" in data) == (zip64_from < 0xFFFF_FFFF)


def test_more_files_than_the_short_form_counts() -> None:
    data = written(((f"{number}", b"") for number in range(65_536)), StreamedZip())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == 65_536


def test_the_bytes_are_fixed() -> None:
    """A change of the writer changes the digest of every commit, so it must not happen unnoticed."""
    expected = (
        b"PK\x03\x04\x14\x00\x08\x08\x00\x00\x00\x00\x21\x00" + bytes(12) + b"\x01\x00\x00\x00a" + b"hi"
        b"PK\x07\x08\xac\x2a\x93\xd8\x02\x00\x00\x00\x02\x00\x00\x00"
        b"PK\x01\x02\x14\x03\x14\x00\x08\x08\x00\x00\x00\x00\x21\x00\xac\x2a\x93\xd8\x02\x00\x00\x00\x02\x00\x00\x00"
        b"\x01\x00" + bytes(10) + b"\xa4\x81\x00\x00\x00\x00a"
        b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x2f\x00\x00\x00\x31\x00\x00\x00\x00\x00"
    )
    assert written([("a", b"hi")], StreamedZip()).hex(" ") == expected.hex(" ")


def test_an_end_without_a_begin_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="no file was begun"):
        StreamedZip().end()
