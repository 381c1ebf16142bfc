"""Patterns that are safe to run: limits before and after compiling, and a bounded store of compiled ones.

Why RE2's own limits do not do: by default `.{1000}` fifty times over compiles for a tenth of a second into 400,000
instructions, and `x[ax]{1000}y` takes two seconds for one README of 256 KiB. What decides is the number of places in
the pattern that can be active at the same time, each costing up to 8 ns for every byte of text: 200 of them keep the
worst README within about 0.4 seconds of one core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from registry.adapters.search.characters import pattern_error
from registry.adapters.search.literals import Clause, required_clauses, required_literals, trigram_expression
from registry.adapters.search.nodes import Assertion, CharacterClass, Choice, Literal, Node, Repeat, Sequence
from registry.adapters.search.syntax import ParsedPattern, parse_pattern
from registry.domain.search import MAX_PATTERN_LENGTH


@dataclass(frozen=True, slots=True)
class PatternLimits:
    """What a pattern may cost. `max_places` counts the characters of the pattern with repetitions written out."""

    max_length: int = MAX_PATTERN_LENGTH
    max_depth: int = 50
    max_places: int = 200
    max_instructions: int = 6_000
    max_memory_bytes: int = 1024 * 1024


DEFAULT_LIMITS = PatternLimits()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a part of a pattern costs once compiled. `plain`: literals in one manner of case, and nothing repeated.

    Plain patterns have no more states than characters, however the text looks, so that their places do not count.
    """

    places: int
    instructions: int
    plain: bool
    folds: frozenset[bool] = frozenset()


@dataclass(frozen=True, slots=True)
class SafePattern:
    """A compiled pattern. `trigrams` is what the index is asked first, None where every README must be read.

    `_landmarks` finds lines that may match faster than the pattern does: RE2 is several times as fast where what it
    looks for begins with a text (0.4 ns a byte against 1.5).
    """

    trigrams: str | None
    _alone: Any
    _in_lines: Any
    _landmarks: Any

    @property
    def has_landmarks(self) -> bool:
        """Whether `find_likely` may be asked."""
        return self._landmarks is not None

    def matches(self, text: bytes) -> bool:
        """Whether the pattern matches anywhere in the text, which stands by itself."""
        return self._alone.search(text) is not None

    def find_line(self, lines: bytes, start: int, end: int | None = None) -> int:
        """Where in `lines`, from the line that begins at `start` to the one that begins at `end`, a match within one
        line begins; -1 without."""
        found = self._in_lines.search(lines, start, end)
        return -1 if found is None else int(found.start())

    def find_likely(self, lines: bytes, start: int) -> int:
        """A place in the next line that may match, where a newline stands before each line and at `start`; -1 without:
        then none matches."""
        found = self._landmarks.search(lines, start)
        return -1 if found is None else int(found.end()) - 1


class PatternCompiler:
    """Compiles patterns within limits and keeps the last `kept` ones. May be used by several threads."""

    def __init__(self, limits: PatternLimits = DEFAULT_LIMITS, *, kept: int = 16) -> None:
        self._limits = limits
        self._cached: Callable[[str], SafePattern] = lru_cache(maxsize=kept)(self._compile)

    def compile(self, pattern: str) -> SafePattern:
        """The compiled pattern. Raises InvalidInput, with the `position` of the error where it is known."""
        if len(pattern) > self._limits.max_length:
            raise pattern_error(f"patterns may be {self._limits.max_length} characters long", self._limits.max_length)
        return self._cached(pattern)

    def _compile(self, pattern: str) -> SafePattern:
        for position, character in enumerate(pattern):
            if "\ud800" <= character <= "\udfff":
                raise pattern_error("half of a surrogate pair is no character", position)
        parsed = parse_pattern(pattern, max_depth=self._limits.max_depth)
        self._check(measure(parsed.root))
        alone = self._compiled(pattern)
        in_lines = self._compiled(_line_form(pattern, parsed), never_newline=True)
        literals = required_literals(parsed.root)
        return SafePattern(
            trigram_expression(required_clauses(parsed.root)),
            alone,
            in_lines,
            self._compiled(_literals_form(literals)) if literals else None,
        )

    def _check(self, cost: Cost) -> None:
        limits = self._limits
        if cost.places > limits.max_places and not (cost.plain and len(cost.folds) <= 1):
            raise pattern_error(
                f"too big once compiled: with its repetitions written out the pattern has {cost.places} places, "
                f"and {limits.max_places} are allowed",
                None,
            )
        if cost.instructions > limits.max_instructions:
            raise pattern_error("too big once compiled; use fewer or smaller classes and repetitions", None)

    def _compiled(self, pattern: str, *, never_newline: bool = False) -> Any:
        options = re2.Options()
        options.max_mem = self._limits.max_memory_bytes
        options.never_capture = True
        options.log_errors = False
        options.never_nl = never_newline
        try:
            return re2.compile(pattern, options)
        except re2.error as error:
            reason = error.args[0].decode("utf-8", "replace")
            _, _, culprit = reason.partition(": ")
            position = pattern.find(culprit) if culprit else -1
            raise pattern_error(f"RE2 says: {reason}", position if position >= 0 else None) from None
        finally:
            # RE2's wrapper keeps 128 patterns by itself; the bounded store here is meant to be the only one.
            re2.purge()


def _line_form(pattern: str, parsed: ParsedPattern) -> str:
    """The pattern for texts joined by newlines: beginnings and ends are those of a line."""
    pieces, done = [], 0
    for anchor in parsed.anchors:
        pieces += [pattern[done : anchor.start], "(?m:^)" if anchor.is_beginning else "(?m:$)"]
        done = anchor.end
    return "".join([*pieces, pattern[done:]])


def _literals_form(literals: tuple[Clause, ...]) -> str:
    """The pattern that finds the literals one after the other in a line, in any case: they come in folded form."""
    texts = ["|".join(re2.escape(text) for text in sorted(clause)) for clause in literals]
    return "(?i)" + ".*".join(f"(?:{alternatives})" for alternatives in texts)


def measure(node: Node) -> Cost:
    """What a pattern will cost, without compiling it. Source of the numbers: RE2's compiler, measured."""
    match node:
        case Literal(character=character, fold=fold):
            return Cost(1, len(character.encode()) * (1 + fold), plain=True, folds=frozenset([fold]))
        case CharacterClass(instructions=instructions):
            return Cost(1, instructions, plain=False)
        case Assertion():
            return Cost(0, 1, plain=True)
        case Sequence(parts=parts) | Choice(parts=parts):
            costs = [measure(part) for part in parts]
            return Cost(
                sum(cost.places for cost in costs),
                sum(cost.instructions for cost in costs) + len(costs),
                plain=all(cost.plain for cost in costs),
                folds=frozenset[bool]().union(*(cost.folds for cost in costs)),
            )
        case Repeat(part=part, minimum=minimum, maximum=maximum):
            cost = measure(part)
            copies = max(minimum, 1) if maximum is None else maximum
            return Cost(cost.places * copies, (cost.instructions + 1) * copies, plain=False)
