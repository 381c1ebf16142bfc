"""What a file's first bytes show a reader. Pure functions: nothing of a file runs, and all output is bounded."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import orjson

from registry.formats.safetensors import LENGTH_BYTES
from registry.web.notebooks import Cell, read_notebook
from registry.web.pictures import MAX_PICTURE_BYTES, Picture, find_picture

_TEXT_BYTES = 256 * 1024
_HEADER_BYTES = 1024 * 1024
_NOTEBOOK_BYTES = 1024 * 1024
_ROWS, _COLUMNS, _CELL_CHARACTERS = 100, 50, 200
_TENSORS = 500
_INDENTED_CHARACTERS = 512 * 1024
_MAX_INDENT = 32
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MARKDOWN = frozenset({".md", ".markdown"})
_TABLES = {".csv": ",;\t", ".tsv": "\t"}
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})


@dataclass(frozen=True, slots=True)
class Tensor:
    name: str
    dtype: str
    shape: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`kind`: `text`, `markdown`, `json`, `table`, `tensors`, `notebook`, `picture`, or `none` with the `reason`.

    `cut`: what is shown is the beginning of more.
    """

    kind: str
    reason: str = ""
    text: str = ""
    cut: bool = False
    rows: list[list[str]] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    picture: Picture | None = None


def needed_bytes(path: str) -> int:
    """How many of a file's first bytes a preview looks at."""
    suffix = _suffix(path)
    return {".safetensors": LENGTH_BYTES + _HEADER_BYTES, ".ipynb": _NOTEBOOK_BYTES}.get(suffix, _TEXT_BYTES)


def preview(path: str, begin: bytes, size: int) -> Preview:
    """The preview of a file of `size` bytes, of which `begin` are the first."""
    suffix = _suffix(path)
    if suffix in _PICTURES:
        return _picture(begin, size)
    if suffix == ".safetensors":
        return _tensors(begin)
    cut = size > len(begin)
    text = _decoded(begin, cut=cut)
    if text is None:
        return Preview("none", "The file is binary.")
    return _of_text(suffix, text, cut=cut)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _decoded(begin: bytes, *, cut: bool) -> str | None:
    """The text in UTF-8; None for what is none. A character that the cut splits is left out."""
    try:
        text = begin.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not cut or error.start < len(begin) - 3:
            return None
        text = begin[: error.start].decode("utf-8-sig")
    return None if _CONTROLS.search(text) else _REORDERING.sub(_named_character, text)


def _named_character(found: re.Match[str]) -> str:
    """Characters that reorder a line could make code look like other code (CVE-2021-42574)."""
    return f"⟨U+{ord(found.group()):04X}⟩"


def _of_text(suffix: str, text: str, *, cut: bool) -> Preview:
    if not text.strip():
        return Preview("none", "The file is empty.")
    if suffix in _MARKDOWN:
        return Preview("markdown", text=text, cut=cut)
    if suffix in _TABLES and (rows := _table(text, _TABLES[suffix], cut=cut)):
        return rows
    if suffix == ".json" and not cut:
        return _json(text)
    if suffix == ".ipynb":
        return _notebook(text, cut=cut)
    return Preview("text", text=text, cut=cut)


def _json(text: str) -> Preview:
    """The text itself, indented: numbers and repeated members are shown as they are written."""
    try:
        orjson.loads(text)
    except ValueError as error:
        return Preview("text", f"This is not valid JSON: {error}.", text)
    pieces: list[str] = []
    length = 0
    for piece in _indented(text):
        pieces.append(piece)
        length += len(piece)
        if length > _INDENTED_CHARACTERS:
            return Preview("json", text="".join(pieces), cut=True)
    return Preview("json", text="".join(pieces))


def _indented(text: str) -> Iterator[str]:
    depth, before = 0, ""
    for piece in (found.group() for found in _TOKEN.finditer(text)):
        opened = before in ("{", "[")
        if piece in ("}", "]"):
            depth -= 1
            yield piece if opened else _line(depth) + piece
        else:
            if opened or before == ",":
                yield _line(depth)
            yield f"{piece} " if piece == ":" else piece
            depth += piece in ("{", "[")
        before = piece


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, _MAX_INDENT)


def _table(text: str, delimiters: str, *, cut: bool) -> Preview | None:
    """The first rows, the first as head; None where the text is no table."""
    whole = text[: text.rfind("\n") + 1] if cut else text
    delimiter = max(delimiters, key=whole.partition("\n")[0].count)
    try:
        read = list(islice(csv.reader(StringIO(whole, newline=""), delimiter=delimiter), _ROWS + 2))
    except csv.Error:
        return None
    rows = [row for row in read if row]
    if not rows:
        return None
    widest = max(map(len, rows))
    width = min(widest, _COLUMNS)
    more = cut or len(read) > _ROWS + 1 or widest > width
    shown = [[cell[:_CELL_CHARACTERS] for cell in row[:width]] for row in rows[: _ROWS + 1]]
    return Preview("table", rows=[row + [""] * (width - len(row)) for row in shown], cut=more)


def _tensors(begin: bytes) -> Preview:
    length = int.from_bytes(begin[:LENGTH_BYTES], "little")
    if length > _HEADER_BYTES:
        return Preview("none", "The header is larger than a preview, or this is no safetensors file.")
    try:
        header = orjson.loads(begin[LENGTH_BYTES : LENGTH_BYTES + length])
    except ValueError:
        return Preview("none", "The file has no readable safetensors header.")
    if not isinstance(header, dict):
        return Preview("none", "The file has no readable safetensors header.")
    metadata = header.pop("__metadata__", None)
    tensors = [_tensor(*entry) for entry in islice(header.items(), _TENSORS)]
    facts = [(str(name), str(value)) for name, value in metadata.items()] if isinstance(metadata, dict) else []
    return Preview(
        "tensors", tensors=tensors, facts=[("Tensors", f"{len(header):,}"), *facts], cut=len(header) > _TENSORS
    )


def _tensor(name: str, described: Any) -> Tensor:
    members = described if isinstance(described, dict) else {}
    shape = members.get("shape")
    sizes = " × ".join(map(str, shape)) if isinstance(shape, list) else "?"
    return Tensor(name, str(members.get("dtype", "?")), sizes or "scalar")


def _notebook(text: str, *, cut: bool) -> Preview:
    if cut:
        return Preview("none", "The notebook is too large to preview.")
    cells = read_notebook(text)
    if cells is None:
        return Preview("text", "This is not a notebook of version 4.", text)
    return Preview("notebook", cells=cells.shown, cut=cells.cut)


def _picture(begin: bytes, size: int) -> Preview:
    picture = find_picture(begin)
    if picture is None:
        return Preview(
            "none", "The file is no picture of the format that its name says, or it is damaged or too large."
        )
    if size > MAX_PICTURE_BYTES:
        return Preview("none", "The picture is too large to preview.")
    return Preview("picture", picture=picture)
