"""Patterns, names and READMEs made by chance, in the part of the syntax that RE2 and Python's `re` share."""

import re
from typing import NamedTuple

from hypothesis import strategies as st

# What could go wrong lies in few characters: cases, the odd partners of k and s, newlines, word edges, NUL, wide ones.
_CHARACTERS = "aAbkKsS1_ -.\n\r\x00\u212a\u017f\u00e9\u00c9\u4e2d\U0001f600"
README_TEXTS = st.text(st.sampled_from(_CHARACTERS), max_size=24)
NAME_TEXTS = st.text(st.sampled_from("aAbkKsS1_ -."), min_size=1, max_size=12).filter(lambda name: name == name.strip())


class Twin(NamedTuple):
    """One pattern in both tongues."""

    re2: str
    python: str

    def wrapped(self, before: str, after: str) -> "Twin":
        return Twin(before + self.re2 + after, before + self.python + after)


def _same(text: str) -> Twin:
    return Twin(text, text)


def _joined(parts: list[Twin], between: str = "") -> Twin:
    return Twin(between.join(part.re2 for part in parts), between.join(part.python for part in parts))


_TEXTS = st.lists(st.sampled_from("aAbkKsS1_-"), min_size=3, max_size=5).map("".join)
_CLASSES = [
    ".",
    "[a-k]",
    "[^a]",
    "[^\\n]",
    "[kK]",
    "[sS1]",
    "[\\-._ ]",
    "[0-9]",
    "[^\\x00-\\x20]",
    "\\n",
    "\\x6b",
    "()",
    "^",
]
# RE2's `$` is the very end where Python's may be before a last newline; RE2's `\b` and `\w` know ASCII only. `\B` is
# left out: for RE2, which sees bytes, it also holds within a character that takes several.
_DIFFERENT = [
    Twin("(?-m:$)", "\\Z"), Twin("\\z", "\\Z"), Twin("\\A", "\\A"), Twin("(?m:$)", "(?m:$)"), Twin("(?m:^)", "(?m:^)"),
    Twin("\\b", "(?a:\\b)"), Twin("\\w", "[0-9A-Za-z_]"), Twin("\\s", "[\\t\\n\\f\\r ]"),
    Twin("\\D", "[^0-9]"), Twin("\\Qa.k\\E", "a\\.k"), Twin("[[:upper:]]", "[A-Z]"),
]  # fmt: skip
_ATOMS = st.one_of(
    st.sampled_from(_CHARACTERS).map(re.escape).map(_same),
    _TEXTS.map(re.escape).map(_same),
    st.sampled_from(_CLASSES).map(_same),
    st.sampled_from(_DIFFERENT),
)
_REPEATS = ["*", "+", "?", "*?", "+?", "{2}", "{0,2}", "{1,}", "{3}", "{0}"]


def _grown(inner: st.SearchStrategy[Twin]) -> st.SearchStrategy[Twin]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(_joined),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(parts, "|").wrapped("(?:", ")")),
        st.builds(lambda part, repeat: part.wrapped("(?:", f"){repeat}"), inner, st.sampled_from(_REPEATS)),
        st.builds(lambda part, group: part.wrapped(group, ")"), inner, st.sampled_from(["(", "(?i:", "(?s:", "(?m:"])),
    )


PATTERNS = st.builds(
    lambda flags, body: body.wrapped(flags, ""),
    st.sampled_from(["", "", "(?i)", "(?m)", "(?s)", "(?im)", "(?ims)"]),
    st.recursive(_ATOMS, _grown, max_leaves=8),
)
