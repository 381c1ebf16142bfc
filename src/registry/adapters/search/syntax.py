"""A reader of RE2's syntax (https://github.com/google/re2/wiki/Syntax).

RE2 has the last word on what a pattern means. This reader is there for what RE2 does not say: where an error is, what
a pattern will cost before it is compiled, which literals every match contains, and where its anchors stand.
"""

import re
from dataclasses import dataclass, field

from registry.adapters.search.characters import (
    ANY_CHARACTER,
    pattern_error,
    read_class,
    read_class_escape,
    read_escaped_character,
)
from registry.adapters.search.nodes import NOTHING, Assertion, Choice, Literal, Node, Repeat, Sequence

MAX_REPEAT = 1_000
"""RE2's own limit for one counted repetition."""

_COUNT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_GROUP_NAME = re.compile(r"\(\?P?<([^>]*)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where `^`, `$`, `\\A` or `\\z` stands in the pattern: from `start` to `end`."""

    start: int
    end: int
    is_beginning: bool


@dataclass(frozen=True, slots=True)
class ParsedPattern:
    root: Node
    anchors: tuple[Anchor, ...]


@dataclass(slots=True)
class _Group:
    opened_at: int
    fold: bool
    parts: list[Node] = field(default_factory=list)
    choices: list[Node] = field(default_factory=list)

    def next_choice(self) -> None:
        self.choices.append(Sequence(tuple(self.parts)))
        self.parts = []

    def close(self) -> Node:
        last = self.parts[0] if len(self.parts) == 1 else Sequence(tuple(self.parts))
        return Choice((*self.choices, last)) if self.choices else last


def parse_pattern(pattern: str, *, max_depth: int) -> ParsedPattern:
    """Read a pattern. Raises InvalidInput with the `position` of what is wrong."""
    return _Reader(pattern, max_depth=max_depth).read()


class _Reader:
    """Reads one pattern. Groups are kept on a list, so that depth costs no stack."""

    def __init__(self, pattern: str, *, max_depth: int) -> None:
        self._pattern = pattern
        self._max_depth = max_depth
        self._at = 0
        self._groups = [_Group(0, fold=False)]
        self._anchors: list[Anchor] = []
        self._names: set[str] = set()
        self._after_repeat = False

    def read(self) -> ParsedPattern:
        while self._at < len(self._pattern):
            is_repeat = self._read_repeat()
            if not is_repeat:
                self._read_item()
            self._after_repeat = is_repeat
        if len(self._groups) > 1:
            raise pattern_error("this parenthesis is not closed", self._groups[-1].opened_at)
        return ParsedPattern(self._groups[0].close(), tuple(self._anchors))

    def _push(self, node: Node, end: int) -> None:
        self._groups[-1].parts.append(node)
        self._at = end

    def _push_anchor(self, end: int, *, is_beginning: bool) -> None:
        self._anchors.append(Anchor(self._at, end, is_beginning))
        self._push(Assertion(is_beginning), end)

    def _read_item(self) -> None:
        at, group = self._at, self._groups[-1]
        match self._pattern[at]:
            case "(":
                self._open()
            case ")":
                self._close()
            case "|":
                group.next_choice()
                self._at += 1
            case "^" | "$" as sign:
                self._push_anchor(at + 1, is_beginning=sign == "^")
            case ".":
                self._push(ANY_CHARACTER, at + 1)
            case "[":
                self._push(*read_class(self._pattern, at, fold=group.fold))
            case "\\":
                self._read_escape()
            case character:
                self._push(Literal(character, group.fold), at + 1)

    def _read_escape(self) -> None:
        at, group = self._at, self._groups[-1]
        named = self._pattern[at + 1 : at + 2]
        if named == "Q":
            self._read_quoted()
        elif named in ("A", "z"):
            self._push_anchor(at + 2, is_beginning=named == "A")
        elif named in ("b", "B"):
            self._push(NOTHING, at + 2)
        elif named == "C":
            raise pattern_error("single bytes cannot be searched for; \\C is not supported", at)
        elif found := read_class_escape(self._pattern, at):
            self._push(*found)
        else:
            character, end = read_escaped_character(self._pattern, at)
            self._push(Literal(character, group.fold), end)

    def _read_quoted(self) -> None:
        end = self._pattern.find("\\E", self._at + 2)
        quoted = self._pattern[self._at + 2 : end if end >= 0 else None]
        group = self._groups[-1]
        group.parts.extend(Literal(character, group.fold) for character in quoted)
        self._at += 2 + len(quoted) + (2 if end >= 0 else 0)

    def _read_repeat(self) -> bool:
        start, character = self._at, self._pattern[self._at]
        minimum, maximum, end = int(character == "+"), 1 if character == "?" else None, start + 1
        if character == "{":
            count = _COUNT.match(self._pattern, start)
            if count is None:
                return False
            # Only as many digits as are over the limit: int() of a thousand digits takes time.
            minimum = int(count[1][:5])
            maximum = int(count[3][:5]) if count[3] else None if count[2] else minimum
            end = count.end()
            if minimum > MAX_REPEAT or (maximum is not None and not minimum <= maximum <= MAX_REPEAT):
                raise pattern_error(f"a repetition must rise and end at {MAX_REPEAT} at most", start)
        elif character not in "*+?":
            return False
        if self._after_repeat:
            raise pattern_error("repetitions cannot follow each other; put the first one in parentheses", start)
        parts = self._groups[-1].parts
        if not parts:
            raise pattern_error("there is nothing here to repeat", start)
        parts[-1] = Repeat(parts[-1], minimum, maximum)
        self._at = end + self._pattern.startswith("?", end)
        return True

    def _open(self) -> None:
        start, fold = self._at, self._groups[-1].fold
        if not self._pattern.startswith("(?", start):
            self._at += 1
        elif name := _GROUP_NAME.match(self._pattern, start):
            if not re.fullmatch(r"\w+", name[1]):
                raise pattern_error("a group's name is letters, digits and underscores", start)
            if name[1] in self._names:
                raise pattern_error("another group has this name", start)
            self._names.add(name[1])
            self._at = name.end()
        elif flags := _FLAGS.match(self._pattern, start):
            fold = (fold or "i" in flags[1]) and "i" not in (flags[2] or "")
            self._at = flags.end()
            if flags[3] == ")":
                self._groups[-1].fold = fold
                return
        else:
            raise pattern_error("RE2 has no such group (no look-around, no conditions)", start)
        if len(self._groups) > self._max_depth:
            raise pattern_error(f"parentheses may be nested {self._max_depth} deep", start)
        self._groups.append(_Group(start, fold))

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise pattern_error("this parenthesis was not opened", self._at)
        node = self._groups.pop().close()
        self._push(node, self._at + 1)
