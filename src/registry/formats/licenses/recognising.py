"""The license that a text is. Nothing is guessed: a changed text, or one with more in it, is no license here."""

import re

from registry.formats.license_names import license_id
from registry.formats.licenses.matching import Matcher, TooManySteps
from registry.formats.licenses.templates import candidates, templates_of
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


def recognise_license(text: str) -> str | None:
    """The SPDX id of the license that the whole text is, None where it is none, several, changed or unknown.

    A license's text alone does not grant "any later version", so the GNU licenses are `-only` unless the text is the
    notice that grants more. A tag `SPDX-License-Identifier` counts where nothing else, or the same license, is said.
    """
    if len(text) > MAX_LICENSE_BYTES:
        return None
    tags = {license_id(name) for name in _TAG.findall(text)}
    read = read_words(_TAG.sub("", text))
    matcher = Matcher(read)
    try:
        if tags and matcher.matches([], frozenset()):
            found = tags
        else:
            ids = (it.license_id for it in candidates(read.words) if matcher.matches(it.nodes, it.title_words))
            first = next(ids, None)
            found = {first} | tags
    except TooManySteps:
        return None
    return found.pop() if len(found) == 1 else None


def parts_of(text: str) -> tuple[str, ...]:
    """The common licenses of whose text this one is a part, with nothing added: a license cut short, or its name.

    Such a text grants nothing by itself, and does not contradict a statement of that license.
    """
    if len(text) > MAX_LICENSE_BYTES:
        return ()
    read = read_words(text)
    found = (it for it in templates_of(_COMMON) if _is_part(read, " ".join(flat_words(it.nodes)), it.title_words))
    return tuple(dict.fromkeys(it.license_id for it in found)) if read.words else ()


def held_in(text: str) -> tuple[str, ...]:
    """The licenses whose whole texts stand in this one beside notes in which nothing restricts; empty otherwise.

    Their words do not show what such notes leave out, so this supports a statement and is none.
    """
    if len(text) > MAX_LICENSE_BYTES:
        return ()
    read = read_words(text)
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


def is_note(text: str) -> bool:
    """Whether a text is short and restricts nothing: it may say where the license is."""
    words = read_words(text[: 20 * _MOST_NOTE_WORDS]).words
    return len(text) < 20 * _MOST_NOTE_WORDS and len(words) <= _MOST_NOTE_WORDS and not any(map(is_restricting, words))


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
