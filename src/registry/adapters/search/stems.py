"""The forms of a word that mean the same: who asks for `review` finds `reviews` and `reviewing`.

The index has words as they were written, so that beginnings and names match to the letter. A question has all forms of
its words instead: those that Snowball's English stemmer takes for one another.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

_STEMMER = snowballstemmer.stemmer("english")
_ENGLISH = re.compile(r"[a-z]{3,32}")
_SUFFIXES = (
    "s",
    "es",
    "e",
    "ed",
    "d",
    "ing",
    "ings",
    "er",
    "ers",
    "ion",
    "ions",
    "ly",
    "ment",
    "ments",
    "ation",
    "ations",
)
_AFTER_Y = ("y", "ies", "ied", "ier", "iness")
_MAX_FORMS = 16


@lru_cache(maxsize=4096)
def forms_of(word: str) -> tuple[str, ...]:
    """The word, in lower case, and the forms that share its stem; just the word where it is not English."""
    if not _ENGLISH.fullmatch(word):
        return (word,)
    stem: str = _STEMMER.stemWord(word)
    alike = (form for form in _candidates(stem) if _STEMMER.stemWord(form) == stem)
    return tuple(dict.fromkeys((word, *alike)))[:_MAX_FORMS]


def _candidates(stem: str) -> Iterator[str]:
    yield stem
    yield from (stem + suffix for suffix in _SUFFIXES)
    if stem.endswith("i"):
        yield from (stem[:-1] + suffix for suffix in _AFTER_Y)
    # embed, embedding
    yield from (stem + stem[-1] + suffix for suffix in ("ed", "ing", "ings", "er", "ers"))
