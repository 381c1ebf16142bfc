"""Reading what stands for one character in RE2's syntax: escapes and classes."""

import re

from registry.adapters.search.nodes import CharacterClass
from registry.domain.errors import InvalidInput

# How many instructions RE2 spends on one character, by measurement. Letters of all scripts take about 1,200.
ANY_CHARACTER = CharacterClass(10)
_ASCII_CLASS = 4
_NON_ASCII_CHARACTER = 4
_NON_ASCII_RANGE = 12
_FOLDED_RANGE = 40
_UNICODE_GROUP = 1_200
_NEGATION = 10
_MAX_MEMBERS = 8

_MAX_RUNE = 0x10FFFF
_PERL_CLASSES = "dDsSwW"
_C_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "f": "\f", "v": "\v"}
_HEX = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_GROUP = re.compile(r"\\[pP](?:\{[^}]*\}|[^{])", re.DOTALL)
_POSIX = re.compile(r"\[:(\^?)(.*?):\]", re.DOTALL)
_POSIX_NAMES = re.compile("al(num|pha)|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit")


def pattern_error(detail: str, position: int | None) -> InvalidInput:
    """What a caller learns about a pattern that cannot be searched for."""
    return InvalidInput(detail, pointer="/regex", details={} if position is None else {"position": position})


def read_escaped_character(pattern: str, at: int) -> tuple[str, int]:
    """The character that the escape at `at` stands for, and where the escape ends."""
    named = pattern[at + 1 : at + 2]
    if not named:
        raise pattern_error("a backslash at the end stands for nothing; write \\\\ for the character itself", at)
    if named in _C_ESCAPES:
        return _C_ESCAPES[named], at + 2
    if named.isascii() and not named.isalnum():
        return named, at + 2
    if number := _HEX.match(pattern, at):
        code = int(number[1] or number[2], 16)
    elif number := _OCTAL.match(pattern, at):
        code = int(number[1], 8)
    else:
        raise pattern_error(f"RE2 has no escape \\{named}", at)
    if code > _MAX_RUNE or 0xD800 <= code <= 0xDFFF:
        raise pattern_error("there is no character of this number", at)
    return chr(code), number.end()


def read_class_escape(pattern: str, at: int) -> tuple[CharacterClass, int] | None:
    r"""A class by its escape (`\d`, `\pL`, `\p{Greek}`) and where it ends, None where there is none at `at`."""
    named = pattern[at + 1 : at + 2]
    if named and named in _PERL_CLASSES:
        return CharacterClass(_ASCII_CLASS + (_NEGATION if named.isupper() else 0)), at + 2
    if named not in ("p", "P"):
        return None
    group = _GROUP.match(pattern, at)
    if group is None:
        raise pattern_error("this class has no name; write \\pL or \\p{Greek}", at)
    return CharacterClass(_UNICODE_GROUP), group.end()


class _Members:
    """What a class in brackets holds, as far as it matters."""

    def __init__(self, *, fold: bool) -> None:
        self._fold = fold
        self.instructions = 0
        self._characters: set[str] = set()
        self._listed = True

    def add(self, low: str, high: str) -> None:
        if high.isascii():
            self.instructions += 1 + self._fold
        elif low == high:
            self.instructions += _NON_ASCII_CHARACTER * (2 if self._fold else 1)
        else:
            self.instructions += _FOLDED_RANGE if self._fold else _NON_ASCII_RANGE
        # Other scripts have cases that only RE2 knows: with (?i) such a class may hold more than it lists.
        if ord(high) - ord(low) >= _MAX_MEMBERS or (self._fold and not high.isascii()):
            self._listed = False
        else:
            self._characters.update(map(chr, range(ord(low), ord(high) + 1)))

    def add_class(self, instructions: int) -> None:
        self.instructions += instructions
        self._listed = False

    def close(self, *, negated: bool) -> CharacterClass:
        listed = self._listed and not negated and len(self._characters) <= _MAX_MEMBERS
        return CharacterClass(
            self.instructions + (_NEGATION if negated else 0), frozenset(self._characters) if listed else frozenset()
        )


def read_class(pattern: str, start: int, *, fold: bool) -> tuple[CharacterClass, int]:
    """The class in brackets that begins at `start`, and where it ends. Raises InvalidInput."""
    at = start + 1
    negated = pattern.startswith("^", at)
    at += negated
    members, first = _Members(fold=fold), True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        if posix := _POSIX.match(pattern, at):
            if not _POSIX_NAMES.fullmatch(posix[2]):
                raise pattern_error(f"RE2 has no class {posix[0]}", at)
            members.add_class(_ASCII_CLASS + (_NEGATION if posix[1] else 0))
            at = posix.end()
        elif pattern[at] == "\\" and (escaped := read_class_escape(pattern, at)):
            members.add_class(escaped[0].instructions)
            at = escaped[1]
        else:
            at = _read_range(pattern, at, members, class_at=start)
    if at >= len(pattern):
        raise pattern_error("this bracket is not closed", start)
    return members.close(negated=negated), at + 1


def _read_range(pattern: str, at: int, members: _Members, *, class_at: int) -> int:
    low, end = _read_member(pattern, at, class_at)
    high = low
    if pattern.startswith("-", end) and end + 1 < len(pattern) and pattern[end + 1] != "]":
        high, end = _read_member(pattern, end + 1, class_at)
    if high < low:
        raise pattern_error("this range falls; write the lower character first", at)
    members.add(low, high)
    return end


def _read_member(pattern: str, at: int, class_at: int) -> tuple[str, int]:
    if at >= len(pattern):
        raise pattern_error("this bracket is not closed", class_at)
    if pattern[at] == "\\":
        return read_escaped_character(pattern, at)
    return pattern[at], at + 1
