"""The piece of a text that shows why it was found. Highlights are numbers, so that no text can smuggle in markup."""

import re
from collections.abc import Sequence

from registry.domain.readmes import readable
from registry.domain.search import Snippet

SNIPPET_CHARACTERS = 200
_LEAD_CHARACTERS = 40
_MAX_SCANNED = 64 * 1024


def make_snippet(texts: Sequence[str], words: Sequence[str]) -> Snippet:
    """A piece of the first text that has one of the words, else the beginning of the first text that is not empty.

    Words are highlighted where they begin a word, in any case. The front matter of a model card, badges and the
    addresses of links are no prose: a piece never comes from them.
    """
    texts = [readable(text[:_MAX_SCANNED]) for text in texts]
    # Words in a few forms, without operators, so that `re` has nothing to backtrack over.
    pattern = re.compile(
        r"\b(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")\w*", re.IGNORECASE
    )
    for text in texts:
        found = pattern.search(text)
        if found:
            return _cut(text, max(0, found.start() - _LEAD_CHARACTERS), pattern)
    return _cut(next((text for text in texts if text), ""), 0, pattern)


def _cut(text: str, start: int, pattern: re.Pattern[str]) -> Snippet:
    if start:
        # Begin with a whole word where there is one near.
        space = text.find(" ", start, start + _LEAD_CHARACTERS)
        start = space + 1 if space >= 0 else start
    piece = text[start : start + SNIPPET_CHARACTERS]
    return Snippet(piece, tuple(match.span() for match in pattern.finditer(piece)))
