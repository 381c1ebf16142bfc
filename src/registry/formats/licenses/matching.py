"""Does a whole text match a template? The template's words must all be there and nothing else may.

A template is a list of nodes. A text: these words. `["?", nodes]`: all or nothing. `["|", nodes, nodes…]`: one of
them. `["b"]`: a bullet. `["*", most]`: a field for a name, of at most so many words and none of a condition.
"""

import re
from bisect import bisect_left
from typing import Any

from registry.formats.licenses.words import Words

_BULLET_WORD = re.compile(r"\d{1,3}[a-z]?|[a-z]|[ivx]{1,4}|section|article|part")
_MOST_BULLET_WORDS = 4
_MOST_STEPS = 200_000
"""Real texts take a few thousand."""


def is_bullet(word: str) -> bool:
    """Whether a word counts the parts of a list."""
    return _BULLET_WORD.fullmatch(word) is not None


class TooManySteps(Exception):
    """A text that was made to match in too many ways."""


class Matcher:
    """Matches one text with templates. Raises TooManySteps."""

    def __init__(self, text: Words) -> None:
        self._text = text
        self._skips = text.skips
        self._starts: list[int] = []
        self._steps = 0

    def matches(self, template: list[Any], title_words: frozenset[str]) -> bool:
        """Whether the template matches the whole text, whose titles may say `title_words`."""
        self._skips = {start: list(ends) for start, ends in self._text.skips.items()}
        for start, end in self._text.titles:
            if title_words.issuperset(self._text.words[start:end]):
                self._skips.setdefault(start, []).append(end)
        self._starts = sorted(self._skips)
        self._steps = 0
        return len(self._text.words) in self._after_skips(self._nodes(template, {0}))

    def spans(self, template: list[Any]) -> list[tuple[int, int]]:
        """Where the whole template stands in the text, from the beginning of a line on."""
        self._skips = {start: list(ends) for start, ends in self._text.skips.items()}
        self._starts = sorted(self._skips)
        self._steps = 0
        found = ((start, self._nodes(template, {start})) for start in self._text.lines)
        return [(start, max(ends)) for start, ends in found if ends]

    def _nodes(self, nodes: list[Any], positions: set[int]) -> set[int]:
        for node in nodes:
            if not positions:
                break
            self._steps += len(positions)
            if self._steps > _MOST_STEPS:
                raise TooManySteps
            positions = self._node(node, positions)
        return positions

    def _node(self, node: Any, positions: set[int]) -> set[int]:
        if isinstance(node, str):
            run = node.split()
            return {end for at in positions for end in self._run(run, at)}
        kind, *rest = node
        if kind == "?":
            return positions | self._nodes(rest[0], positions)
        if kind == "|":
            return {end for nodes in rest for end in self._nodes(nodes, positions)}
        if kind == "b":
            return self._bullets(positions)
        return self._fields(positions, rest[0])

    def _run(self, run: list[str], at: int) -> set[int]:
        """Where the text goes on after `run`, read from `at` with or without what may be skipped."""
        words, ends = self._text.words, set()
        todo, done = [(at, 0)], set()
        while todo:
            state = at, read = todo.pop()
            if state in done:
                continue
            done.add(state)
            index = bisect_left(self._starts, at)
            left = len(run) - read
            skip = self._starts[index] if index < len(self._starts) else len(words)
            if skip >= at + left:
                if words[at : at + left] == run[read:]:
                    ends.add(at + left)
                continue
            reach = skip - at
            if skip == len(words) or words[at:skip] != run[read : read + reach]:
                continue
            todo += [(end, read + reach) for end in self._skips[skip]]
            if words[skip] == run[read + reach]:
                todo.append((skip + 1, read + reach + 1))
        self._steps += len(done)
        return ends

    def _bullets(self, positions: set[int]) -> set[int]:
        found = set(positions)
        for at in positions:
            for end in range(at + 1, at + _MOST_BULLET_WORDS + 1):
                if end > len(self._text.words) or not is_bullet(self._text.words[end - 1]):
                    break
                found.add(end)
        return found

    def _fields(self, positions: set[int], most: int) -> set[int]:
        counts, found = self._text.conditions, set()
        for at in self._after_skips(positions):
            for end in range(at, min(at + most, len(self._text.words)) + 1):
                if counts[end] > counts[at]:
                    break
                found.add(end)
        self._steps += len(found)
        return found

    def _after_skips(self, positions: set[int]) -> set[int]:
        todo, found = list(positions), set(positions)
        while todo:
            for end in self._skips.get(todo.pop(), ()):
                if end not in found:
                    found.add(end)
                    todo.append(end)
        return found
