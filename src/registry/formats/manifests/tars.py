"""The files of a tar, in one pass: each read to its end, where it begins noted."""

from collections.abc import Iterator
from itertools import chain

from registry.formats.archives.kinds import BLOCK_BYTES, is_tar_header
from registry.formats.archives.roles import role_of
from registry.formats.manifests.digesting import Budget
from registry.formats.manifests.entries import FileEntry, Place, Run
from registry.formats.manifests.paths import clean_path
from registry.formats.manifests.problems import Unreadable
from registry.formats.manifests.tar_headers import (
    CONTINUED,
    EXTENDED,
    OVERALL,
    SPARSE,
    WITHOUT_FILE,
    Header,
    Spans,
    check_spans,
    decimal,
    number,
    old_gnu_spans,
    parse_header,
    pax_records,
    text_of,
    text_spans,
)
from registry.formats.manifests.tar_streams import TarStream

_MAX_EXTENDED_BYTES = 1024 * 1024
_MAX_MAP_BYTES = 4 * 1024 * 1024
_ZEROS = bytes(1024 * 1024)
_CUT = "the archive ends within it"


def tar_files(stream: TarStream, budget: Budget) -> Iterator[FileEntry]:
    """Every file, read to its end. Raises Unreadable."""
    yield from _Tar(stream, budget).files()
    stream.finish()


class _Tar:
    def __init__(self, stream: TarStream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._overall: dict[str, str] = {}
        self._records: dict[str, str] = {}
        self._last: str | None = None
        self._expected: str | None = None

    def files(self) -> Iterator[FileEntry]:
        while (header := self._header()) is not None:
            if header.kind in EXTENDED:
                self._extended(header)
                continue
            records, self._records, self._expected = self._overall | self._records, {}, None
            path = clean_path(header.name)
            self._last = header.name
            if header.kind == CONTINUED:
                raise Unreadable("it continues in another volume", path=header.name)
            if header.kind in WITHOUT_FILE:
                self._skip(header.size + header.padding, header.name)
                continue
            if not path:
                raise Unreadable("a file in it has no name")
            self._budget.add_file(path)
            yield self._file(header, records, path)
        if self._expected is not None:
            raise Unreadable("the archive ends before it", path=self._expected or self._last)

    def _header(self) -> Header | None:
        """The next header, None at the end: a block of zeros, or where nothing follows."""
        block = self._stream.read(BLOCK_BYTES)
        if not any(block):
            return None
        if len(block) < BLOCK_BYTES:
            raise Unreadable("the archive ends within the header after it", path=self._last)
        if not is_tar_header(block):
            raise Unreadable("the header after it is damaged", path=self._last)
        self._budget.spend(BLOCK_BYTES)
        return parse_header(block, self._overall | self._records)

    def _extended(self, header: Header) -> None:
        """Long names, and what pax says of the next file or of all."""
        if header.size > _MAX_EXTENDED_BYTES:
            raise Unreadable("an extended header of it is too large")
        data = self._stream.read(header.size + header.padding)
        if len(data) < header.size + header.padding:
            raise Unreadable(_CUT, path=self._last)
        data = data[: header.size]
        if header.kind == OVERALL:
            self._overall |= pax_records(data)
            return
        if header.kind in (b"x", b"X"):
            self._records |= pax_records(data)
        elif header.kind == b"L":
            self._records["path"] = text_of(data)
        self._expected = self._records.get("path", "")

    def _file(self, header: Header, records: dict[str, str], path: str) -> FileEntry:
        spans, size, stored = self._layout(header, records, path)
        offset = self._stream.position
        if spans is None:
            runs: tuple[Run, ...] = (Run(0, offset, size),)
            pieces: Iterator[bytes] = self._exactly(size, path)
        else:
            check_spans(spans, stored=stored, size=size, path=path)
            runs = tuple(_runs(spans, offset))
            pieces = self._expanded(spans, size, path)
        digests = self._budget.digest(pieces)
        if self._stream.position != offset + stored:
            raise Unreadable(_CUT, path=path)
        self._skip(header.padding, path)
        return FileEntry(
            path, size, digests.sha256, digests.crc32, role_of(path), None, Place(self._stream.packing, runs)
        )

    def _layout(self, header: Header, records: dict[str, str], path: str) -> tuple[Spans | None, int, int]:
        """The spans of a sparse file (else None), how long the file is, and how many bytes of it are stored."""
        if header.kind == SPARSE:
            return self._old_gnu_spans(header), number(header.block[483:495]), header.size
        size = decimal(records.get("GNU.sparse.realsize") or records.get("GNU.sparse.size") or "0")
        if records.get("GNU.sparse.major") == "1":
            numbers, used = self._text_map(path)
            return text_spans(numbers, path), size, header.size - used
        if "GNU.sparse.map" in records:
            return text_spans(records["GNU.sparse.map"].split(","), path), size, header.size
        return None, header.size, header.size

    def _old_gnu_spans(self, header: Header) -> Spans:
        """GNU tar's first form: a map in the header, which goes on in blocks after it."""
        spans, more = old_gnu_spans(header.block, 386, 4), header.block[482]
        while more:
            block = self._stream.read(BLOCK_BYTES)
            if len(block) < BLOCK_BYTES:
                raise Unreadable(_CUT, path=header.name)
            self._budget.spend(BLOCK_BYTES)
            spans += old_gnu_spans(block, 0, 21)
            more = block[504]
        return spans

    def _text_map(self, path: str) -> tuple[list[str], int]:
        """The form 1.0 of pax: numbers in lines before the data, up to a whole block; and how many bytes they take."""
        text, wanted = b"", 0
        while wanted == 0 or text.count(b"\n") < wanted:
            block = self._stream.read(BLOCK_BYTES)
            text += block
            if len(block) < BLOCK_BYTES or len(text) > _MAX_MAP_BYTES:
                raise Unreadable("its map of holes is damaged", path=path)
            if wanted == 0 and b"\n" in text:
                count = decimal(text.partition(b"\n")[0].decode("latin-1"))
                if count < 0:
                    raise Unreadable("its map of holes is damaged", path=path)
                wanted = 1 + 2 * count
        lines = text.decode("latin-1").split("\n")
        return lines[1:wanted], len(text)

    def _skip(self, length: int, path: str) -> None:
        end = self._stream.position + length
        self._stream.skip(length)
        if self._stream.position != end:
            raise Unreadable(_CUT, path=path)

    def _exactly(self, length: int, path: str) -> Iterator[bytes]:
        for piece in self._stream.pieces(length):
            length -= len(piece)
            yield piece
        if length:
            raise Unreadable(_CUT, path=path)

    def _expanded(self, spans: Spans, size: int, path: str) -> Iterator[bytes]:
        end = 0
        for at, length in spans:
            yield from zeros(at - end)
            yield from self._exactly(length, path)
            end = at + length
        yield from zeros(size - end)


def zeros(length: int) -> Iterator[bytes]:
    """A hole of `length` bytes, in pieces."""
    return chain((_ZEROS for _ in range(length // len(_ZEROS))), (_ZEROS[: length % len(_ZEROS)],))


def _runs(spans: Spans, offset: int) -> Iterator[Run]:
    for at, length in spans:
        if length:
            yield Run(at, offset, length)
        offset += length
