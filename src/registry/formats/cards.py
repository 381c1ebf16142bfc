"""Reading a model card, dataset card or README: front matter, sections, code, links. Pure, in linear time.

The form is that of https://huggingface.co/docs/hub/model-cards: front matter, then Markdown; or a README in Markdown,
reStructuredText or plain text.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.formats import front_matter
from registry.formats.blocks import Blocks, CodeBlock, read_blocks
from registry.formats.front_matter import split_front_matter
from registry.formats.prose import count_words

MAX_BLOCKS = 200
_LINK = re.compile(r"https?://[^\s()<>\[\]\"'`|]{1,500}")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines of prose beneath it, those of its subsections included.

    `words` counts what they say; `blocks` are the numbers of the blocks of code in it, from 0.
    """

    heading: str
    lines: tuple[str, ...]
    words: int
    blocks: range


@dataclass(frozen=True, slots=True)
class Card:
    """A card taken apart: `prose` are the lines outside of code without comments, `words` counts what they say.

    `titles` has, for each line of prose, the heading that it stands under. Sections that say nothing are left out: a
    heading alone, a template's that nobody has filled in, one that repeats another. So are blocks without code.
    """

    front: Mapping[str, Any]
    prose: tuple[str, ...]
    title: str | None
    titles: tuple[str, ...]
    sections: tuple[Section, ...]
    code: tuple[CodeBlock, ...]
    words: int

    def names(self, key: str) -> tuple[str, ...]:
        """The front matter's texts under `key`: a text or a list of texts."""
        return front_matter.names(self.front, key)


def parse_card(text: str) -> Card:
    """Take a card apart. Never raises: what cannot be read is left out."""
    front, body = split_front_matter(text)
    blocks = read_blocks(body)
    return Card(
        front=front,
        prose=tuple(blocks.prose),
        title=blocks.headings[0].title if blocks.headings else None,
        titles=_titles(blocks),
        sections=_sections(blocks),
        code=tuple(blocks.code[:MAX_BLOCKS]),
        words=count_words(blocks.prose),
    )


def links_in(line: str) -> tuple[str, ...]:
    """The addresses in a line."""
    return tuple(link.rstrip(".,;:!?*") for link in _LINK.findall(line))


def _titles(blocks: Blocks) -> tuple[str, ...]:
    titles, current, headings = [], "", iter(blocks.headings)
    following = next(headings, None)
    for place in range(len(blocks.prose)):
        if following is not None and place == following.place:
            current, following = following.title, next(headings, None)
        titles.append(current)
    return tuple(titles)


def _sections(blocks: Blocks) -> tuple[Section, ...]:
    """The sections with words or code beneath their heading; of those that say the same, the first."""
    found: list[Section] = []
    said: set[tuple[str, ...]] = set()
    in_heading = {heading.place + line for heading in blocks.headings for line in range(heading.lines)}
    for number, heading in enumerate(blocks.headings):
        later = blocks.headings[number + 1 :]
        begin = heading.place + heading.lines
        end = next((other.place for other in later if other.level <= heading.level), len(blocks.prose))
        lines = tuple(line for place, line in enumerate(blocks.prose[begin:end], begin) if place not in in_heading)
        code = range(bisect_left(blocks.code_before, begin), bisect_right(blocks.code_before, end))
        words = count_words(lines)
        next_place = later[0].place if later else len(blocks.prose)
        own = tuple(line.strip() for line in blocks.prose[begin:next_place] if line.strip())
        if (words or code) and (code or not own or own not in said):
            found.append(Section(heading.title, lines, words, code))
        said.add(own)
    return tuple(found)
