"""The license that a text is. Nothing is guessed: a changed text, or one with more in it, is no license here."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from registry.formats.license_names import license_id
from registry.formats.licenses.matching import Matcher, TooManySteps
from registry.formats.licenses.templates import Template, candidates, templates_of
from registry.formats.licenses.words import Words, flat_words, is_restricting, read_words

MAX_LICENSE_BYTES = 128 * 1024
"""The longest text in SPDX's list has 70 KB."""
_COMMON = re.compile(
    r"MIT|Apache-2\.0|BSD-[23]-Clause|ISC|Zlib|BSL-1\.0|Unlicense|CC0-1\.0|CC-BY(?:-SA)?-4\.0|MPL-2\.0|"
    r"GPL-[23]\.0-only|LGPL-(?:2\.1|3\.0)-only|AGPL-3\.0-only"
)
"""Licenses whose texts people cut short."""
_LEAST_WORDS = 40
_MOST_NOTE_WORDS = 200
_TAG = re.compile(r"^[^\w\n]*SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+-]+)[^\w\n]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a license file's text is.

    `license`: the SPDX id of the license that the whole text is, None where it is none, several, changed or unknown. A
    license's text alone does not grant "any later version", so the GNU licenses are `-only` unless the text is the
    notice that grants more. A tag `SPDX-License-Identifier` counts where nothing else, or the same license, is said.

    Of a text without one: `part_of` are the common licenses of whose text it is a part, with nothing added: a
    license cut short, or its name. It grants nothing by itself, and does not contradict a statement of that license.
    `holds` are the licenses whose whole texts stand in it beside notes in which nothing restricts. Their words do not
    show what such notes leave out, so this supports a statement and is none. `is_note`: it is short and restricts
    nothing, so that it may say where the license is.
    """

    license: str | None
    part_of: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    is_note: bool = False


def recognise(text: str) -> Recognised:
    """Read a license file's text. Nothing is read in one that is longer than MAX_LICENSE_BYTES."""
    if len(text) > MAX_LICENSE_BYTES:
        return Recognised(None)
    found, read = _whole(text)
    if found is not None:
        return Recognised(found)
    return Recognised(None, _parts_of(read), _held_in(read), _is_note(text, read))


def recognise_license(text: str) -> str | None:
    """The SPDX id of the license that the whole text is, as in `Recognised`."""
    return None if len(text) > MAX_LICENSE_BYTES else _whole(text)[0]


def _whole(text: str) -> tuple[str | None, Words]:
    """The license that the whole text is, and the text's words."""
    tags = {license_id(name) for name in _TAG.findall(text)}
    read = read_words(_TAG.sub("", text) if tags else text)
    matcher = Matcher(read)
    try:
        if tags and matcher.matches([], frozenset()):
            found = tags
        else:
            matching = [it for it in candidates(read.words) if matcher.matches(it.nodes, it.title_words)]
            # A template with fields matches the licenses that fill them, too: the one that says most is meant.
            first = min(matching, key=lambda it: _words_of_fields(it.nodes), default=None)
            found = {first.license_id if first else None} | tags
    except TooManySteps:
        found = {None}
    return (found.pop() if len(found) == 1 else None), read_words(text) if tags else read


def _words_of_fields(nodes: list[Any]) -> int:
    """How many words of a text a template leaves open."""
    most = 0
    for node in nodes:
        if isinstance(node, list) and node[0] == "*":
            most += node[1]
        elif isinstance(node, list):
            most += max(map(_words_of_fields, node[1:]), default=0)
    return most


def _parts_of(read: Words) -> tuple[str, ...]:
    found = (it.license_id for it, whole in _common() if _is_part(read, whole, it.title_words))
    return tuple(dict.fromkeys(found)) if read.words else ()


@cache
def _common() -> tuple[tuple[Template, str], ...]:
    """The templates of common licenses, with all their words."""
    return tuple((it, " ".join(flat_words(it.nodes))) for it in templates_of(_COMMON))


def _held_in(read: Words) -> tuple[str, ...]:
    matcher = Matcher(read)
    try:
        spans = [(*span, it.license_id) for it in candidates(read.words) for span in matcher.spans(it.nodes)]
    except TooManySteps:
        return ()
    held: list[str] = []
    rest, at = [], 0
    for start, end, name in sorted(spans, key=lambda it: (it[0], -it[1])):
        if start >= at and end - start >= _LEAST_WORDS:
            rest += read.words[at:start]
            at = end
            held.append(name)
    rest += read.words[at:]
    if len(rest) > _MOST_NOTE_WORDS or any(map(is_restricting, rest)):
        return ()
    return tuple(dict.fromkeys(held))


def _is_note(text: str, read: Words) -> bool:
    is_short = len(text) < 20 * _MOST_NOTE_WORDS and len(read.words) <= _MOST_NOTE_WORDS
    return is_short and not any(map(is_restricting, read.words))


def _is_part(read: Words, whole: str, title_words: frozenset[str]) -> bool:
    """Whether what stands between notices and titles are runs of the template's words."""
    skips = {start: max(ends) for start, ends in read.skips.items()}
    for start, end in read.titles:
        if title_words.issuperset(read.words[start:end]):
            skips[start] = max(end, skips.get(start, 0))
    run: list[str] = []
    at = 0
    while at < len(read.words):
        if at in skips:
            if run and f" {' '.join(run)} " not in f" {whole} ":
                return False
            run, at = [], skips[at]
        else:
            run.append(read.words[at])
            at += 1
    return not run or f" {' '.join(run)}" in f" {whole}"  # the last word may be cut short, too
