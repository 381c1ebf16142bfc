"""What the full-text matcher says about license texts: those of SPDX's list, changed ones, and those of packages."""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from registry.formats.license_expressions import normalise_license
from registry.formats.license_terms import STRICTNESS
from registry.formats.license_trees import strictness
from registry.formats.licenses.recognising import recognise_license
from registry.formats.licenses.templates import all_templates, list_version
from registry.formats.licenses.words import flat_words
from trust.sections import Section, table

Words = list[str]


def list_texts() -> Iterator[tuple[str, Words]]:
    """Each license of SPDX's list, with a name in every field."""
    for template in all_templates():
        yield template.license_id, list(flat_words(template.nodes, "Example University"))


def _insert(words: Words, at: int, text: str) -> str:
    return " ".join([*words[:at], *text.split(), *words[at:]])


def _without(words: Words, at: int, count: int) -> str:
    return " ".join([*words[:at], *words[at + count :]])


def _negate(words: Words) -> str:
    """The first "not" out; where there is none, one in."""
    at = words.index("not") if "not" in words else -1
    return _without(words, at, 1) if at >= 0 else _insert(words, len(words) // 2, "not")


CHANGES: dict[str, Callable[[Words], str]] = {
    "a condition added in front": lambda words: _insert(words, 0, "Commercial use is prohibited."),
    "a condition added in the middle": lambda words: _insert(words, len(words) // 2, "for noncommercial purposes only"),
    "a condition added at the end": lambda words: _insert(
        words, len(words), "You may not use this for any military purpose."
    ),
    "a condition in the copyright notice": lambda words: (
        "Copyright 2026 Example, not for commercial use\n" + " ".join(words)
    ),
    "twelve words left out": lambda words: _without(words, len(words) // 3, 12),
    'one "not" out or in': _negate,
}
"""Changes that make another license, or none, of every text."""


NOTICE = "Copyright (c) 2019-2026 Ann Author and contributors. All rights reserved."
COMMONS_CLAUSE = (
    '\n\n"Commons Clause" License Condition v1.0\n\nThe Software is provided to you by the Licensor under the License, '
    "as defined below, subject to the following condition: the grant of rights under the License will not include, "
    "and the License does not grant to you, the right to Sell the Software.\n"
)
USE_RESTRICTIONS = (
    "\n\nAttachment A: Use Restrictions\n\nYou agree not to use the Model or Derivatives of the Model to generate "
    "false information with the purpose of harming others, for fully automated decision making that affects an "
    "individual's legal rights, or to provide medical advice.\n"
)
README = (
    "\n\n# Tiny\n\nA small library that counts words. Install it with pip install tiny, then call tiny.count(text).\n\n"
    "## Thanks\n\nTo all who have sent reports and ideas.\n"
)


def _filled(words: Words, width: int, prefix: str = "") -> str:
    return "\n".join(prefix + line for line in textwrap.wrap(" ".join(words), width))


_BRITISH = {"license": "licence", "organization": "organisation", "favor": "favour", "judgment": "judgement"}
SAME: dict[str, Callable[[Words], str]] = {
    "as it is": lambda words: _filled(words, 76),
    "lines filled to 40 characters": lambda words: _filled(words, 40),
    "all in one line": " ".join,
    "a copyright notice in front": lambda words: f"{NOTICE}\n\n{_filled(words, 76)}\n",
    "two copyright notices in front": lambda words: f"© 2016 Acme, Inc.\n{NOTICE}\n\n{_filled(words, 76)}\n",
    "upper case, CRLF": lambda words: _filled(words, 76).upper().replace("\n", "\r\n"),
    "as a comment": lambda words: _filled(words, 76, "# "),
    "British spelling": lambda words: _filled([_BRITISH.get(word, word) for word in words], 76),
    "a README appended": lambda words: _filled(words, 76) + README,
}
"""Changes that leave every license what it is."""

MORE: dict[str, Callable[[Words], str]] = {
    "Commons Clause appended": lambda words: _filled(words, 76) + COMMONS_CLAUSE,
    "a RAIL's use restrictions appended": lambda words: _filled(words, 76) + USE_RESTRICTIONS,
    "a non-commercial preamble": lambda words: "Free for research and teaching only.\n\n" + _filled(words, 76),
    "a limit on users": lambda words: (
        _filled(words, 76) + "\n\nIf the monthly active users exceed 700 million, you must request a license.\n"
    ),
}
"""Texts under which less is granted than under the license that they hold."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its license, None where it is another than any of the list."""

    kind: str
    text: str
    license_id: str | None
    strictness: int


def corpus(step: int = 1) -> Iterator[Labelled]:
    """Every `step`-th text of the list in all its variants."""
    for license_id, words in islice(list_texts(), 0, None, step):
        for kind, vary in SAME.items():
            yield Labelled(kind, vary(words), license_id, strictness(normalise_license(license_id)))
        for kind, vary in (*MORE.items(), *CHANGES.items()):
            yield Labelled(kind, vary(words), None, len(STRICTNESS) - 1)


def is_freer(labelled: Labelled, found: str | None) -> bool:
    """Whether a restricted text (or copyleft) was taken for a license that grants more."""
    return found is not None and strictness(found) < labelled.strictness


def measure_corpus(step: int = 1) -> tuple[dict[str, Counter[str]], float, float, int]:
    """By kind: right, wrong, unknown; precision, recall, and how many came out freer."""
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    freer = 0
    for it in corpus(step):
        found = recognise_license(it.text)
        outcome = "unknown" if found is None else "right" if found in _same_text(it.license_id) else "wrong"
        by_kind[it.kind][outcome] += 1
        freer += is_freer(it, found)
    right, wrong = (sum(count[name] for count in by_kind.values()) for name in ("right", "wrong"))
    labelled = sum(by_kind[kind].total() for kind in SAME)
    return dict(by_kind), right / (right + wrong), right / labelled, freer


@cache
def _ids_by_text() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for license_id, words in list_texts():
        answer = recognise_license(" ".join(words))
        found[answer or license_id].add(license_id)
    return {license_id: frozenset(ids) for license_id, ids in found.items()}


def _same_text(license_id: str | None) -> frozenset[str]:
    """The ids that the license's text stands for: a few licenses share one."""
    own = frozenset() if license_id is None else frozenset({license_id})
    return own.union(*(ids | {answer} for answer, ids in _ids_by_text().items() if license_id in ids))


def _corpus_table() -> str:
    by_kind, precision, recall, freer = measure_corpus()
    rows = [
        (
            kind,
            "the license" if kind in SAME else "unknown",
            count.total(),
            count["right"],
            count["wrong"],
            count["unknown"],
        )
        for kind, count in by_kind.items()
    ]
    head = (
        f"{sum(count.total() for count in by_kind.values()):,} texts: precision {precision:.4f}, recall {recall:.4f}, "
        f"{freer} taken for a license that grants more.\n\n"
    )
    return head + table(("variant of each text", "expected", "texts", "that license", "another", "unknown"), rows)


def _changed() -> str:
    texts = list(list_texts())
    rows = [_counts("unchanged", [(name, recognise_license(" ".join(words))) for name, words in texts])]
    for change, make in CHANGES.items():
        rows.append(_counts(change, [(name, recognise_license(make(words))) for name, words in texts]))
    return f"SPDX's list {list_version()}.\n\n" + table(("text", "texts", "same id", "other id", "unknown"), rows)


def _counts(what: str, answers: list[tuple[str, str | None]]) -> tuple[object, ...]:
    count = Counter("same" if got == name else "unknown" if got is None else "other" for name, got in answers)
    return what, len(answers), count["same"], count["other"], count["unknown"]


SECTIONS = (
    Section("rating.md", "license-changes", _changed),
    Section("rating.md", "license-corpus", _corpus_table),
)
