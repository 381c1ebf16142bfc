"""What the full-text matcher says about license texts: those of SPDX's list, changed ones, and those of packages."""

from collections import Counter
from collections.abc import Callable, Iterator

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


def _changed() -> str:
    texts = list(list_texts())
    rows = [_counts("unchanged", [(name, recognise_license(" ".join(words))) for name, words in texts])]
    for change, make in CHANGES.items():
        rows.append(_counts(change, [(name, recognise_license(make(words))) for name, words in texts]))
    return f"SPDX's list {list_version()}.\n\n" + table(("text", "texts", "same id", "other id", "unknown"), rows)


def _counts(what: str, answers: list[tuple[str, str | None]]) -> tuple[object, ...]:
    count = Counter("same" if got == name else "unknown" if got is None else "other" for name, got in answers)
    return what, len(answers), count["same"], count["other"], count["unknown"]


SECTIONS = (Section("rating.md", "license-changes", _changed),)
