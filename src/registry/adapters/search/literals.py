"""Which texts every match of a pattern contains: what the trigram index is asked before a README is read.

The analysis may find less than is true, never more: a literal that it finds is in each match. Texts are compared in the
folded form that the index holds (`fold`), so that one index serves patterns with and without `(?i)`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import dropwhile, product

from registry.adapters.search.nodes import Assertion, CharacterClass, Choice, Literal, Node, Repeat, Sequence

_MAX_ALTERNATIVES = 16
_MAX_EXACT_LENGTH = 64
_MAX_COPIES = 8
TRIGRAM = 3

Clause = frozenset[str]
"""Texts of which one at least must occur."""


def fold(text: str) -> str:
    """The form in which texts are indexed: RE2's `(?i)` joins K, k and the Kelvin sign, and S, s and the long s.

    NUL would end a text for SQLite's tokenizer.
    """
    raw = text.encode("utf-8", "replace").lower()
    return raw.replace("\u212a".encode(), b"k").replace("\u017f".encode(), b"s").replace(b"\0", b"\1").decode()


@dataclass(frozen=True, slots=True)
class _Required:
    """`exact`: all texts that the part can match, None where they are many. `clauses`: what holds besides."""

    exact: Clause | None
    clauses: tuple[Clause, ...] = ()


_EMPTY = _Required(frozenset([""]))
_ANYTHING = _Required(None)


def required_clauses(root: Node) -> tuple[Clause, ...]:
    """What every match contains: one text at least of each clause. Only texts of three characters or more count."""
    return _settled(_required(root))


def _useful(clause: Clause) -> bool:
    return bool(clause) and min(map(len, clause)) >= TRIGRAM


def _settled(required: _Required) -> tuple[Clause, ...]:
    if required.exact is not None and _useful(required.exact):
        return (*required.clauses, required.exact)
    return required.clauses


def _required(node: Node) -> _Required:
    match node:
        case Literal(character=character, fold=any_case):
            # Cases of other scripts are RE2's affair; what it would match is not known here.
            known = character.isascii() or not any_case
            return _Required(frozenset([fold(character)])) if known else _ANYTHING
        case CharacterClass(members=members):
            return _Required(frozenset(map(fold, members))) if members else _ANYTHING
        case Assertion():
            return _EMPTY
        case Sequence(parts=parts):
            return _of_sequence(map(_required, parts))
        case Choice(parts=parts):
            return _of_choice([_required(part) for part in parts])
        case Repeat(part=part, minimum=minimum, maximum=maximum):
            return _of_repeat(part, minimum, maximum)


def _of_repeat(part: Node, minimum: int, maximum: int | None) -> _Required:
    if minimum == 0:
        return _of_choice([_required(part), _EMPTY]) if maximum == 1 else _ANYTHING
    once = _required(part)
    copies = min(minimum, _MAX_COPIES)
    found = _of_sequence([once] * copies)
    if copies == minimum == maximum:
        return found
    return _Required(None, _settled(found))


def _of_choice(options: list[_Required]) -> _Required:
    exact = frozenset[str]().union(*(option.exact or () for option in options))
    if len(exact) <= _MAX_ALTERNATIVES and all(option.exact is not None and not option.clauses for option in options):
        return _Required(exact)
    best = [max(_settled(option), key=_selectivity, default=None) for option in options]
    joined = frozenset[str]().union(*(clause or () for clause in best))
    if None in best or len(joined) > _MAX_ALTERNATIVES:
        return _ANYTHING
    return _Required(None, (joined,))


def _selectivity(clause: Clause) -> tuple[int, int]:
    return min(map(len, clause)), -len(clause)


def _of_sequence(parts: Iterable[_Required]) -> _Required:
    clauses: list[Clause] = []
    run: Clause = frozenset([""])
    broken = False
    for part in parts:
        clauses.extend(part.clauses)
        joined = _joined(run, part.exact) if part.exact is not None else None
        if joined is not None:
            run = joined
            continue
        broken = True
        if _useful(run):
            clauses.append(run)
        run = frozenset([""]) if part.exact is None else part.exact
    if not broken:
        return _Required(run, tuple(clauses))
    return _Required(None, _settled(_Required(run, tuple(clauses))))


def _joined(left: Clause, right: Clause) -> Clause | None:
    if len(left) * len(right) > _MAX_ALTERNATIVES:
        return None
    joined = frozenset(first + second for first, second in product(left, right))
    return joined if max(map(len, joined), default=0) <= _MAX_EXACT_LENGTH else None


def required_literals(root: Node) -> tuple[Clause, ...]:
    """Texts that a match within a line contains one after the other, one of each clause; none where that helps nobody.

    The first begins with the same three characters in every case, so that it can be looked for quickly, and with a
    newline where it must stand at the beginning of its line. A pattern that begins with a character has none: it is
    its own required literal.
    """
    if not isinstance(root, Sequence) or not root.parts or isinstance(root.parts[0], Literal):
        return ()
    found: list[Clause] = []
    run: Clause = frozenset(["\n" if root.parts[0] == Assertion(is_beginning=True) else ""])
    for part in root.parts:
        exact = _required(part).exact
        joined = _joined(run, exact) if exact is not None else None
        if joined is None:
            found.append(run)
        run = joined or exact or frozenset([""])
    useful = [clause for clause in (*found, run) if _useful(clause)]
    return tuple(dropwhile(lambda clause: len({text[:TRIGRAM] for text in clause}) > 1, useful))


def trigram_expression(clauses: tuple[Clause, ...], *, max_terms: int = 48) -> str | None:
    """The clauses in FTS5's query language, over single trigrams; None where no clause helps."""
    found: list[str] = []
    terms = 0
    for clause in sorted(dict.fromkeys(filter(_useful, clauses)), key=_selectivity, reverse=True):
        texts = [sorted({text[at : at + TRIGRAM] for at in range(len(text) - TRIGRAM + 1)}) for text in sorted(clause)]
        # A few trigrams of a text are nearly as selective as all, and each one costs a list to walk.
        chosen = [trigrams[:: max(1, len(trigrams) // 6)] for trigrams in texts]
        terms += sum(map(len, chosen))
        if found and terms > max_terms:
            break
        found.append(" OR ".join("(" + " AND ".join(map(_quoted, trigrams)) + ")" for trigrams in chosen))
    return " AND ".join(f"({part})" for part in found) or None


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
