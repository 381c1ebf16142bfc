"""The templates of SPDX's license list, in one compact file that `python -m trust.license_list` writes.

The file: the length of its index (4 bytes, big-endian), the index, then blocks; both are JSON, compressed by zlib.
A block has similar licenses. Only the blocks of licenses that share rare phrases with a text are unpacked.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

PHRASE_WORDS = 6
_FILE = "spdx_templates.bin"


@dataclass(frozen=True, slots=True)
class Template:
    """`license_id`: of several licenses with one text, the id that grants least."""

    license_id: str
    title_words: frozenset[str]
    nodes: list[Any]


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, Any], bytes]:
    data = resources.files("registry.formats.licenses").joinpath(_FILE).read_bytes()
    length = int.from_bytes(data[:4])
    return json.loads(zlib.decompress(data[4 : 4 + length])), data[4 + length :]


@lru_cache(maxsize=8)
def _block(start: int, length: int) -> list[Any]:
    block: list[Any] = json.loads(zlib.decompress(_read()[1][start : start + length]))
    return block


def list_version() -> str:
    """The version of SPDX's list that the templates are from."""
    return str(_read()[0]["version"])


def candidates(words: list[str]) -> list[Template]:
    """The templates that the text may match, by rare phrases that each must have."""
    index = _read()[0]
    columns = (words[at:] for at in range(PHRASE_WORDS))
    phrases = set(map(" ".join, zip(*columns, strict=False)))
    found = {number for phrase in phrases & index["phrases"].keys() for number in index["phrases"][phrase]}
    entries = (index["templates"][number] for number in sorted(found))
    return [_template(entry) for entry in entries if all(phrase in phrases for phrase in entry["phrases"])]


def templates_of(license_ids: re.Pattern[str]) -> list[Template]:
    """The templates of the licenses whose whole id matches."""
    return [_template(entry) for entry in _read()[0]["templates"] if license_ids.fullmatch(entry["id"])]


def all_templates() -> Iterator[Template]:
    """The whole list."""
    return map(_template, _read()[0]["templates"])


def _template(entry: dict[str, Any]) -> Template:
    block = _block(*_read()[0]["blocks"][entry["block"]])
    return Template(entry["id"], frozenset(entry["titles"]), block[entry["place"]])
