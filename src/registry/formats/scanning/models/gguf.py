"""GGUF: the chat templates among its metadata (ggml/docs/gguf.md)."""

import struct

from registry.formats.scanning.models.templates import template_findings
from registry.formats.scanning.pickles.reader import Reader
from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_MAX_KEYS = 100_000
_MAX_ITEMS = 2_000_000
_MAX_DEPTH = 4
_MAX_TEMPLATE_BYTES = 4 * 1024 * 1024
_MAX_KEY_BYTES = 65_535


class _Unreadable(Exception):
    pass


def scan_gguf(walk: Walk, path: str, _name: str, source: Source) -> None:
    try:
        for text in _Metadata(source).templates():
            for level, detail in template_findings(text):
                walk.say(path, "gguf", level, detail)
    except EOFError:
        walk.collector.miss(path, "its metadata ends too early")
    except _Unreadable as error:
        walk.collector.miss(path, f"its metadata cannot be read: {error}")


class _Metadata:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._reader = Reader(source, 4)
        self._order = "<"
        self._items = 0
        self._wide = True

    def templates(self) -> list[str]:
        version = self._reader.take(4)
        if version[0] == 0:
            self._order, version = ">", version[::-1]
        number = int.from_bytes(version, "little")
        if number not in (1, 2, 3):
            raise _Unreadable(f"version {number} is not known")
        self._wide = number > 1
        self._length()  # tensors
        keys = self._length()
        if keys > _MAX_KEYS:
            raise _Unreadable("too many keys")
        return [text for _ in range(keys) if (text := self._pair()) is not None]

    def _pair(self) -> str | None:
        length = self._length()
        if length > _MAX_KEY_BYTES:
            raise _Unreadable("a key is too long")
        key = self._reader.take(length)
        kind = self._word()
        if b"chat_template" in key and kind == _STRING:
            length = self._length()
            if length > _MAX_TEMPLATE_BYTES:
                raise _Unreadable("a chat template is too long")
            return self._reader.take(length).decode("utf-8", "replace")
        self._skip(kind, depth=0)
        return None

    def _skip(self, kind: int, *, depth: int) -> None:
        if kind == _STRING:
            self._reader.skip(self._length())
        elif kind in _SIZES:
            self._reader.skip(_SIZES[kind])
        elif kind == _ARRAY and depth < _MAX_DEPTH:
            inner, count = self._word(), self._length()
            if inner in _SIZES:
                self._reader.skip(_SIZES[inner] * count)
                return
            self._items += count
            if self._items > _MAX_ITEMS:
                raise _Unreadable("too many values")
            for _ in range(count):
                self._skip(inner, depth=depth + 1)
        else:
            raise _Unreadable(f"a value of type {kind} is not known")

    def _word(self) -> int:
        return int(struct.unpack(f"{self._order}I", self._reader.take(4))[0])

    def _length(self) -> int:
        if not self._wide:
            return self._word()
        return int(struct.unpack(f"{self._order}Q", self._reader.take(8))[0])
