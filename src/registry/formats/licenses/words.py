"""The words of a license's text, and which of them a reader may skip.

By SPDX's matching guidelines (https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/) case,
white space, punctuation, spelling variants, bullets and copyright notices make no other license.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

_WORD = re.compile(r"[^\W_]+")


def _split(text: str) -> list[str]:
    return text.split()


_SPELLINGS = {
    "acknowledgement": "acknowledgment",
    "analogue": "analog",
    "artefact": "artifact",
    "authorisation": "authorization",
    "authorised": "authorized",
    "centre": "center",
    "favour": "favor",
    "fulfilment": "fulfillment",
    "https": "http",
    "judgement": "judgment",
    "labour": "labor",
    "licence": "license",
    "licences": "licenses",
    "merchantibility": "merchantability",
    "organisation": "organization",
    "organisations": "organizations",
    "programme": "program",
    "recognised": "recognized",
    "utilisation": "utilization",
    "whilst": "while",
}
"""From SPDX's list of equivalent words, as far as licenses use them."""
_PHRASES = (
    ("©", "(c)"),
    ("copyright owner", "copyright holder"),
    ("non-commercial", "noncommercial"),
    ("non-infringement", "noninfringement"),
    ("per cent", "percent"),
    ("sub-licens", "sublicens"),
)
_CONDITIONS = frozenset(
    _split(
        "allow allowed are agree agreement be but can cannot cause charge charged commercial comply condition "
        "conditions conditional consent copy copying deny denied disallowed distribute distributed distribution evil "
        "except excluded excluding exempt fee fees forbid forbidden granted grants has have hereby if is liability "
        "liable license licensed licensee licenses limited may military modification modified modify must never no "
        "noncommercial nor not only pay payment permission permit permitted prohibited proprietary provided purpose "
        "purposes redistribute redistribution require required requires restrict restricted restriction restrictions "
        "royalties royalty sale sell shall should subject term terms unless until use used user users using warranty "
        "when where who whom without you your"
    )
)
"""Words of grants and conditions. A name or a copyright notice has none; a text that has one there says more."""
_REFERENCES = frozenset(
    _split(
        "are agreement be copy copying distributed distribution has have is license licensed licenses modified terms"
    )
)
"""Those among them that a note on where a license applies has, and that restrict nothing."""
_BEFORE_NOTICE = (
    r"(?:\d{1,2}[.)]\s*)?this \w+(?: and all documentation)? (?:is|are)\s*"
    r"|(?:portions|parts|some|original|modifications?|changes|additions)(?: of this \w+)?(?: are|:)?\s*"
)
_NOTICE = re.compile(
    rf"\W*(?:{_BEFORE_NOTICE})?"
    r"(?:copyright\b\W*(?:\(c\)|(?:19|20)\d\d|[<\[{]|by\b|yyyy|year|holder|the\b|[A-Z])"
    r"|\(c\)\W*(?:copyright|[\d<\[A-Z]))",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\W*?(?:(?:\d{1,2}|[A-Za-z]|[IVXivx]{1,4})[.):]){1,3}\d{0,2}(?=\s)")
_MOST_NOTICE_LINES = 12
_MOST_TITLE_LINES = 4


@dataclass(slots=True)
class Words:
    """`skips`: from a word's index to those at which reading may go on instead. `titles`: the same, but only where
    all words between belong to the license's name. `conditions[i]` counts words of conditions before index i. `lines`:
    where lines begin.
    """

    words: list[str]
    skips: dict[int, list[int]] = field(default_factory=dict)
    titles: tuple[tuple[int, int], ...] = ()
    conditions: list[int] = field(default_factory=list)
    lines: tuple[int, ...] = ()


@dataclass(slots=True)
class _Line:
    start: int
    end: int
    raw: str


def words_of(text: str) -> list[str]:
    """All words, in the spelling that is compared."""
    text = text.lower()
    for written, meant in _PHRASES:
        text = text.replace(written, meant)
    return [_SPELLINGS.get(word, word) for word in _WORD.findall(text)]


def read_words(text: str) -> Words:
    """The words of a whole text, with what may be skipped."""
    read = Words([])
    lines: list[_Line] = []
    for raw in text.splitlines():
        start = len(read.words)
        read.words += words_of(raw)
        lines.append(_Line(start, len(read.words), raw.replace("©", "(c)")))
    counts = (word in _CONDITIONS for word in read.words)
    read.conditions = list(accumulate(counts, initial=0))
    for index, line in enumerate(lines):
        if line.start == line.end:
            continue
        if bullet := _BULLET.match(line.raw):
            _skip(read, line.start, line.start + len(_WORD.findall(bullet[0])))
        if _NOTICE.match(line.raw):
            _skip_notice(read, lines[index : index + _MOST_NOTICE_LINES])
    for at in range(len(read.words) - 2):
        if read.words[at] == "all" and read.words[at + 1 : at + 3] == ["rights", "reserved"]:
            _skip(read, at, at + 3)
    read.lines = tuple(dict.fromkeys(line.start for line in lines if line.start < line.end))
    titles = [line for line in lines if line.start < line.end][:_MOST_TITLE_LINES]
    read.titles = tuple((line.start, line.end) for line in titles)
    return read


def is_restricting(word: str) -> bool:
    """Whether a word may add a condition to a license that stands beside it."""
    return word in _CONDITIONS and word not in _REFERENCES


def flat_words(nodes: list[Any], names: str = "") -> Iterator[str]:
    """The words of a template: of alternatives the first, all optional parts, and `names` in its fields."""
    for node in nodes:
        if isinstance(node, str):
            yield from node.split()
        elif node[0] in ("?", "|"):
            yield from flat_words(node[1], names)
        elif node[0] == "*":
            yield from names.split()


def _skip_notice(read: Words, lines: list[_Line]) -> None:
    """A copyright notice, which may go on in the next lines of its paragraph."""
    start = lines[0].start
    for line in lines:
        if line.start == line.end or read.conditions[line.end] > read.conditions[start]:
            return
        _skip(read, start, line.end)


def _skip(read: Words, start: int, end: int) -> None:
    if end > start and end not in read.skips.setdefault(start, []):
        read.skips[start].append(end)
