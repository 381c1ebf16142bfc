"""May a project under one license use a package under another? SPDX expressions and a table, no legal advice.

Table and rules follow: the FSF's license list and compatibility matrix (https://www.gnu.org/licenses/license-list.html,
https://www.gnu.org/licenses/gpl-faq.html#AllCompatibility); MPL 2.0 §3.3 (secondary licenses); Creative Commons' list
of compatible licenses (https://creativecommons.org/compatiblelicenses: BY-SA 4.0 one way to GPLv3); for the OpenRAIL
and Llama families, their clauses that pass use restrictions on to derivatives (https://www.licenses.ai/). Expressions:
SPDX 2.3 annex D. A missing license gives no permission: https://choosealicense.com/no-permission/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from registry.formats.license_names import MISSING, current_ids, license_family, license_id
from registry.formats.license_terms import CLASHES, COPYLEFT_TARGETS, STRICTNESS, TERMS, Terms

MAX_EXPRESSION_CHARACTERS = 500


class LicenseUse(StrEnum):
    """RUN: call it unchanged. FINE_TUNE: change it (a tuned model is a derivative) and pass the result on."""

    RUN = "run"
    FINE_TUNE = "fine-tune"


@dataclass(frozen=True, slots=True)
class LicenseAnswer:
    """Whether the use is compatible, why, and the two licenses as they were understood (None: not at all)."""

    compatible: bool
    reason: str
    package_license: str | None
    project_license: str | None


def normalise_license(text: str | None) -> str | None:
    """The SPDX expression that a statement means (`apache-2.0` → `Apache-2.0`), None when it is missing or unreadable.

    Licenses outside SPDX's list that the table knows come out as `LicenseRef-…`.
    """
    read = _read(text)
    if isinstance(read, _License):
        return read.base
    return None if read is None else str(read.render("{symbol.key}"))


def strictness(text: str | None) -> int:
    """The place of a statement in STRICTNESS: of `A OR B` the freer counts, of `A AND B` the stricter."""
    read = _read(text)
    return STRICTNESS.index(Terms.UNKNOWN) if read is None else _strictness(read)


def licenses_in(text: str | None) -> frozenset[str]:
    """The licenses that an expression names, without their exceptions; empty for what is none."""
    read = _read(text)
    return frozenset() if read is None else frozenset(named.base for named in _licenses(read))


def can_choose(text: str | None, accepts: Callable[[str], bool]) -> bool | None:
    """Whether the statement leaves a choice all of whose licenses (ids without exceptions) are accepted.

    Of `A OR B` one must be, of `A AND B` both. None for a statement that is missing or unreadable.
    """
    read = _read(text)
    return None if read is None else _can_choose(read, accepts)


def check_license(
    package_license: str | None, project_license: str | None, use: LicenseUse = LicenseUse.FINE_TUNE
) -> LicenseAnswer:
    """Whether a project under `project_license` may put the package to `use`.

    Of `A OR B` the package's user may choose; `A AND B` must be met together. The project's own expression is met in
    all its parts, since its users may choose any. Exceptions (`WITH`) only add permissions: the package's license is
    read without them, and a project may pass one on for a copyleft package only if the package has the same.
    """
    package, project = normalise_license(package_license), normalise_license(project_license)
    for side, text, read in (("package", package_license, package), ("project", project_license, project)):
        if read is None:
            missing = text is None or text.strip().lower() in MISSING
            why = f"the {side} states no license" if missing else f"the {side}'s license {text!r} is no SPDX expression"
            return LicenseAnswer(False, f"{why}: no permission can be relied on", package, project)  # noqa: FBT003
    targets = sorted(_licenses(_read(project)), key=lambda it: (it.base, it.exception or ""))
    compatible, reason = _judge(_read(package), targets, use)
    return LicenseAnswer(compatible, reason, package, project)


@dataclass(frozen=True, slots=True)
class _License:
    """One license of an expression, with its exception where it has one."""

    base: str
    exception: str | None

    @classmethod
    def of(cls, symbol: Any) -> "_License":
        if isinstance(symbol, _License):
            return symbol
        exception = getattr(symbol, "exception_symbol", None)
        return cls(getattr(symbol, "license_symbol", symbol).key, exception and exception.key)

    def __str__(self) -> str:
        return f"{self.base} WITH {self.exception}" if self.exception else self.base


def _read(text: str | None) -> Any:
    """The expression that a text is, None where it is missing or unreadable.

    An id of the table is read as its `_License`: most licenses are, without an index of all of SPDX's.
    """
    if text is None:
        return None
    single = license_id(text)
    return _License(single, None) if single else _parse(text.strip())


def _licenses(read: Any) -> list[_License]:
    """The licenses that an expression names."""
    return [_License.of(symbol) for symbol in getattr(read, "symbols", (read,))]


def _strictness(node: Any) -> int:
    operator = getattr(node, "operator", "").strip().upper()
    if operator in ("AND", "OR"):
        places = [_strictness(part) for part in node.args]
        return min(places) if operator == "OR" else max(places)
    return STRICTNESS.index(TERMS.get(_License.of(node).base, Terms.UNKNOWN))


def _can_choose(node: Any, accepts: Callable[[str], bool]) -> bool:
    if not getattr(node, "operator", None):
        return accepts(_License.of(node).base)
    choices = (_can_choose(each, accepts) for each in node.args)
    return any(choices) if node.operator.strip() == "OR" else all(choices)


def _judge(node: Any, targets: list[_License], use: LicenseUse) -> tuple[bool, str]:
    """Walk a package's expression."""
    operator = getattr(node, "operator", "").strip().upper()
    if operator in ("AND", "OR"):
        answers = [_judge(part, targets, use) for part in node.args]
        if operator == "OR":
            return next((answer for answer in answers if answer[0]), answers[0])
        return next((answer for answer in answers if not answer[0]), (True, "; ".join(answer[1] for answer in answers)))
    held = _License.of(node)
    refused = next((target for target in targets if not _allowed(held, target, use)), None)
    if refused is None:
        return True, f"{held} allows {_verb(use)} in a project under {' and '.join(map(str, targets))}"
    why = TERMS.get(held.base, Terms.UNKNOWN).value
    return False, f"{held} does not allow {_verb(use)} in a project under {refused}: {why}"


def _allowed(held: _License, project: _License, use: LicenseUse) -> bool:
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


@lru_cache(maxsize=1)  # building the index of SPDX's 600 licenses takes half a second
def _spdx() -> Any:
    from license_expression import get_spdx_licensing

    licensing = get_spdx_licensing()
    # Else it is built when first asked for, in view of others, to whom licenses are unknown meanwhile.
    licensing.get_advanced_tokenizer()
    return licensing


@lru_cache(maxsize=512)
def _parse(text: str) -> Any:
    """The parsed expression, None where it is missing, too long, malformed or names a license that nobody knows."""
    from license_expression import ExpressionError, ExpressionParseError

    text = current_ids(text)
    if text.lower() in MISSING or license_family(text) or len(text) > MAX_EXPRESSION_CHARACTERS:
        return None
    try:
        parsed = _spdx().parse(text, validate=False, simple=False)
    except (ExpressionError, ExpressionParseError, AttributeError, RecursionError, TypeError):
        return None
    if parsed is None:
        return None
    exceptions = [symbol.exception_symbol for symbol in parsed.symbols if hasattr(symbol, "exception_symbol")]
    if not all(exception.is_exception for exception in exceptions):
        return None
    unknown = {symbol.key for symbol in _spdx().unknown_license_symbols(parsed)}
    return parsed if all(key.startswith("LicenseRef-") for key in unknown) else None
