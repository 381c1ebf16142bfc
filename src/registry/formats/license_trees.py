"""What a normalised license expression says: which licenses, how strict, and whether they allow a use.

Expressions are read by their operators alone. No list of licenses is asked, so the same expression has the same answer
with every version of such a list. `registry.formats.license_expressions` makes the normalised form.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from registry.formats.license_terms import CLASHES, COPYLEFT_TARGETS, STRICTNESS, TERMS, Terms

_TOKEN = re.compile(r"[()]|[^\s()]+")
_MOST_CHARACTERS = 10_000
_MOST_DEPTH = 100


class LicenseUse(StrEnum):
    """RUN: call it unchanged. FINE_TUNE: change it (a tuned model is a derivative) and pass the result on."""

    RUN = "run"
    FINE_TUNE = "fine-tune"


@dataclass(frozen=True, slots=True)
class License:
    """One license of an expression, with its exception where it has one."""

    base: str
    exception: str | None = None

    def __str__(self) -> str:
        return f"{self.base} WITH {self.exception}" if self.exception else self.base


@dataclass(frozen=True, slots=True)
class Joined:
    """Licenses joined by AND, which all hold, or by OR (`choice`), of which one does."""

    choice: bool
    parts: tuple["Tree", ...]


Tree = License | Joined


class _Malformed(Exception):
    """The text is no normalised expression."""


@lru_cache(maxsize=512)  # the statements of one archive are compared in pairs
def read_tree(expression: str | None) -> Tree | None:
    """The tree of a normalised expression, None for none and for what is none."""
    if expression is None or len(expression) > _MOST_CHARACTERS:
        return None
    tokens = _TOKEN.findall(expression)[::-1]
    try:
        tree = _choice(tokens, 0)
    except _Malformed:
        return None
    return None if tokens else tree


def _choice(tokens: list[str], depth: int) -> Tree:
    return _joined(tokens, "OR", lambda: _joined(tokens, "AND", lambda: _single(tokens, depth)))


def _joined(tokens: list[str], operator: str, read_part: Callable[[], Tree]) -> Tree:
    parts = [read_part()]
    while tokens and tokens[-1] == operator:
        tokens.pop()
        parts.append(read_part())
    return parts[0] if len(parts) == 1 else Joined(operator == "OR", tuple(parts))


def _single(tokens: list[str], depth: int) -> Tree:
    if tokens and tokens[-1] == "(" and depth < _MOST_DEPTH:
        tokens.pop()
        tree = _choice(tokens, depth + 1)
        if not tokens or tokens.pop() != ")":
            raise _Malformed
        return tree
    base = _name(tokens)
    if tokens and tokens[-1] == "WITH":
        tokens.pop()
        return License(base, _name(tokens))
    return License(base)


def _name(tokens: list[str]) -> str:
    if not tokens or tokens[-1] in ("(", ")", "AND", "OR", "WITH"):
        raise _Malformed
    return tokens.pop()


def strictness(expression: str | None) -> int:
    """The place of a normalised expression in STRICTNESS: of `A OR B` the freer counts, of `A AND B` the stricter."""
    tree = read_tree(expression)
    return STRICTNESS.index(Terms.UNKNOWN) if tree is None else _strictness(tree)


def licenses_in(expression: str | None) -> frozenset[str]:
    """The licenses that a normalised expression names, without their exceptions; empty for what is none."""
    tree = read_tree(expression)
    return frozenset() if tree is None else frozenset(named.base for named in _licenses(tree))


def can_choose_in(tree: Tree, accepts: Callable[[str], bool]) -> bool:
    """Whether the tree leaves a choice all of whose licenses (ids without exceptions) are accepted."""
    if isinstance(tree, License):
        return accepts(tree.base)
    choices = (can_choose_in(part, accepts) for part in tree.parts)
    return any(choices) if tree.choice else all(choices)


def is_compatible(package: Tree, project: Tree, use: LicenseUse) -> tuple[bool, str]:
    """Whether a project under `project` may put a package under `package` to `use`, and why.

    Of `A OR B` the package's user may choose; `A AND B` must be met together. The project's own expression is met in
    all its parts, since its users may choose any. Exceptions (`WITH`) only add permissions: the package's license is
    read without them, and a project may pass one on for a copyleft package only if the package has the same.
    """
    targets = sorted(set(_licenses(project)), key=lambda it: (it.base, it.exception or ""))
    return _judge(package, targets, use)


def _licenses(tree: Tree) -> list[License]:
    return [tree] if isinstance(tree, License) else [named for part in tree.parts for named in _licenses(part)]


def _strictness(tree: Tree) -> int:
    if isinstance(tree, License):
        return STRICTNESS.index(TERMS.get(tree.base, Terms.UNKNOWN))
    places = [_strictness(part) for part in tree.parts]
    return min(places) if tree.choice else max(places)


def _judge(tree: Tree, targets: list[License], use: LicenseUse) -> tuple[bool, str]:
    """Walk a package's expression."""
    if isinstance(tree, Joined):
        answers = [_judge(part, targets, use) for part in tree.parts]
        if tree.choice:
            return next((answer for answer in answers if answer[0]), answers[0])
        return next((answer for answer in answers if not answer[0]), (True, "; ".join(answer[1] for answer in answers)))
    refused = next((target for target in targets if not _allowed(tree, target, use)), None)
    if refused is None:
        return True, f"{tree} allows {_verb(use)} in a project under {' and '.join(map(str, targets))}"
    why = TERMS.get(tree.base, Terms.UNKNOWN).value
    return False, f"{tree} does not allow {_verb(use)} in a project under {refused}: {why}"


def _allowed(held: License, project: License, use: LicenseUse) -> bool:
    base, target = held.base, project.base
    terms = TERMS.get(base, Terms.UNKNOWN)
    if terms is Terms.UNKNOWN:
        return False
    if terms in (Terms.NON_COMMERCIAL, Terms.NON_COMMERCIAL_NO_DERIVATIVES) and TERMS.get(target) not in (
        Terms.NON_COMMERCIAL,
        Terms.NON_COMMERCIAL_NO_DERIVATIVES,
    ):
        return False
    if use is LicenseUse.RUN or terms is Terms.FREE:
        return True
    if terms is Terms.PERMISSIVE:
        return target not in CLASHES.get(base, ())
    if terms in (Terms.NO_DERIVATIVES, Terms.NON_COMMERCIAL_NO_DERIVATIVES):
        return False
    passes_on = project.exception in (None, held.exception)
    return passes_on and (target == base or target in COPYLEFT_TARGETS.get(base, ()))


def _verb(use: LicenseUse) -> str:
    return "running it" if use is LicenseUse.RUN else "a derivative"
