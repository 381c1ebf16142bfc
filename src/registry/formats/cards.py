"""Reading a model card, dataset card or README: front matter, headings, code, links. Pure, in linear time.

The form is that of https://huggingface.co/docs/hub/model-cards: front matter, then Markdown.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from registry.domain.evidence import ArchiveFacts, Evidence, Fact, FactState, PackageFacts
from registry.formats import front_matter
from registry.formats.front_matter import split_front_matter

MAX_LINE_CHARACTERS = 2_000
MAX_HEADINGS = 500
MAX_BLOCKS = 200

_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.{0,200})")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})[ \t]*([A-Za-z0-9_+-]{0,20})")
_LINK = re.compile(r"https?://[^\s()<>\[\]\"'`|]{1,500}")
_WORD = re.compile(r"\w{1,60}")
_COMMENT = re.compile(r"<!--[^<>]{0,500}-->")
# What the hub's templates leave for authors to fill in, with the label before it.
_UNFILLED = re.compile(
    r"(?:\*\*[^*]{1,100}\*\*:?[ \t]*)?"
    r"(?:\[?more information needed\]?(?:\([^)\n]{0,300}\))?|\b(?:todo|tbd|coming soon)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: its language in lower case (empty when it names none) and its text."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines of prose beneath it, those of its subsections included."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A card taken apart: `prose` are the lines outside of code without comments, `words` counts what they say.

    Sections that say nothing are left out: a heading alone, or a template's that nobody has filled in. So are blocks
    of code without code.
    """

    front: Mapping[str, Any]
    prose: tuple[str, ...]
    sections: tuple[Section, ...]
    code: tuple[CodeBlock, ...]
    links: tuple[str, ...]
    words: int

    def on(self, *words: str) -> tuple[Section, ...]:
        """The sections whose heading holds one of these words (lower case)."""
        return tuple(section for section in self.sections if any(word in section.heading.lower() for word in words))

    def names(self, key: str) -> tuple[str, ...]:
        """The front matter's texts under `key`: a text or a list of texts."""
        return front_matter.names(self.front, key)


@lru_cache(maxsize=8)  # several metrics read the same card
def parse_card(text: str) -> Card:
    """Take a card apart. Never raises: what cannot be read is left out."""
    front, body = split_front_matter(text)
    prose: list[str] = []
    code: list[CodeBlock] = []
    code_before: list[int] = []  # for each block, how many lines of prose stand before it
    block: list[str] | None = None
    fence, language = "", ""

    def close() -> None:
        if any(line.strip() for line in block or ()):
            code.append(CodeBlock(language, "\n".join(block or ())))
            code_before.append(len(prose))

    for raw in body.splitlines():
        line = raw[:MAX_LINE_CHARACTERS]
        opened = _FENCE.match(line)
        if block is None and opened:
            fence, language, block = opened[1], opened[2].lower(), []
        elif block is None:
            prose.append(_COMMENT.sub("", line))
        elif line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            close()
            block = None
        else:
            block.append(raw)
    close()
    words = [len(_WORD.findall(_UNFILLED.sub("", line))) for line in prose]
    return Card(
        front=front,
        prose=tuple(prose),
        sections=_sections(prose, words, code_before),
        code=tuple(code[:MAX_BLOCKS]),
        links=tuple(dict.fromkeys(link.rstrip(".,;:!?*") for line in prose for link in _LINK.findall(line))),
        words=sum(words),
    )


def _sections(prose: list[str], words: list[int], code_before: list[int]) -> tuple[Section, ...]:
    """The sections with words (`words` has their number for each line) or code beneath their heading."""
    headings = [(place, match) for place, line in enumerate(prose) if (match := _HEADING.match(line))][:MAX_HEADINGS]
    titles = {place for place, _ in headings}
    said = [0, *accumulate(0 if place in titles else count for place, count in enumerate(words))]
    found = []
    for number, (place, match) in enumerate(headings):
        later = headings[number + 1 :]
        end = next((other for other, it in later if len(it[1]) <= len(match[1])), len(prose))
        has_code = bisect_left(code_before, place + 1) < bisect_right(code_before, end)
        if said[end] > said[place] or has_code:
            found.append(Section(match[2].strip(), tuple(prose[place + 1 : end])))
    return tuple(found)


def card_fact(evidence: Evidence) -> Fact[str]:
    """The text that explains the package, by `choose_card`."""
    return choose_card(evidence.package, evidence.archive, evidence.hub_card, evidence.repository_readme)


def choose_card(
    package: Fact[PackageFacts], archive: Fact[ArchiveFacts], hub_card: Fact[str], repository_readme: Fact[str]
) -> Fact[str]:
    """The README of the record, of the archive, of the hub, of the repository: the first that there is.

    The fact of a source that failed where it would have come first: what comes after it may not be the one that counts.
    Else a fact that says that there is none.
    """
    candidates = (
        _text_of(package, package.value.readme if package.value else None),
        _text_of(archive, archive.value.readme if archive.value else None),
        hub_card,
        repository_readme,
    )
    first = next((fact for fact in candidates if fact.value or fact.failed), None)
    return first or Fact("record", FactState.ABSENT, reason="there is no README")


def _text_of(fact: Fact[object], text: str | None) -> Fact[str]:
    state = FactState.ABSENT if fact.value is not None and not text else fact.state
    return Fact(fact.source, state, text or None, fact.reason, fact.latency_ms)
