"""May a project under one licence use a package under another? SPDX expressions and a table, no legal advice.

Table and rules follow: the FSF's licence list and compatibility matrix (https://www.gnu.org/licenses/license-list.html,
https://www.gnu.org/licenses/gpl-faq.html#AllCompatibility); MPL 2.0 §3.3 (secondary licences); Creative Commons' list
of compatible licences (https://creativecommons.org/compatiblelicenses: BY-SA 4.0 one way to GPLv3); for the OpenRAIL
and Llama families, their clauses that pass use restrictions on to derivatives (https://www.licenses.ai/). Expressions:
SPDX 2.3 annex D. A missing licence gives no permission: https://choosealicense.com/no-permission/.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from registry.rating.license_terms import ALIASES, COPYLEFT_TARGETS, TERMS, Terms

MAX_EXPRESSION_CHARACTERS = 500
_MISSING = {"", "none", "noassertion", "unknown", "other", "null", "unlicensed"}


class LicenseUse(StrEnum):
    """RUN: call it unchanged. FINE_TUNE: change it (a tuned model is a derivative) and pass the result on."""

    RUN = "run"
    FINE_TUNE = "fine-tune"


@dataclass(frozen=True, slots=True)
class LicenseAnswer:
    """Whether the use is compatible, why, and the two licences as they were understood (None: not at all)."""

    compatible: bool
    reason: str
    package_license: str | None
    project_license: str | None


def normalise_license(text: str | None) -> str | None:
    """The SPDX expression that a statement means (`apache-2.0` → `Apache-2.0`), None when it is missing or unreadable.

    Licences outside SPDX's list that the table knows come out as `LicenseRef-…`.
    """
    parsed = None if text is None else _parse(text.strip())
    return None if parsed is None else str(parsed.render("{symbol.key}"))


def check_license(
    package_license: str | None, project_license: str | None, use: LicenseUse = LicenseUse.FINE_TUNE
) -> LicenseAnswer:
    """Whether a project under `project_license` may put the package to `use`.

    Of `A OR B` the package's user may choose; `A AND B` must be met together. The project's own expression is met in
    all its parts, since its users may choose any. Exceptions (`WITH`) only add permissions, so the licence is read
    without them.
    """
    package, project = normalise_license(package_license), normalise_license(project_license)
    for side, text, read in (("package", package_license, package), ("project", project_license, project)):
        if read is None:
            missing = text is None or text.strip().lower() in _MISSING
            why = f"the {side} states no licence" if missing else f"the {side}'s licence {text!r} is no SPDX expression"
            return LicenseAnswer(False, f"{why}: no permission can be relied on", package, project)  # noqa: FBT003
    targets = sorted(_parse_known(project).objects)
    compatible, reason = _judge(_parse_known(package), targets, use)
    return LicenseAnswer(compatible, reason, package, project)


def _judge(node: Any, targets: list[str], use: LicenseUse) -> tuple[bool, str]:
    """Walk a package's expression."""
    operator = getattr(node, "operator", "").strip().upper()
    if operator in ("AND", "OR"):
        answers = [_judge(part, targets, use) for part in node.args]
        if operator == "OR":
            return next((answer for answer in answers if answer[0]), answers[0])
        return next((answer for answer in answers if not answer[0]), (True, "; ".join(answer[1] for answer in answers)))
    base = getattr(node, "license_symbol", node).key
    refused = next((target for target in targets if not _allowed(base, target, use)), None)
    if refused is None:
        return True, f"{node.render()} allows {_verb(use)} in a project under {' and '.join(targets)}"
    return False, f"{node.render()} does not allow {_verb(use)} in a project under {refused}: {_why(base)}"


def _allowed(base: str, target: str, use: LicenseUse) -> bool:
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
        # The FSF: Apache's patent clause is a further restriction that GPL 2 does not admit.
        return not (base == "Apache-2.0" and target == "GPL-2.0-only")
    if terms in (Terms.NO_DERIVATIVES, Terms.NON_COMMERCIAL_NO_DERIVATIVES):
        return False
    return target == base or target in COPYLEFT_TARGETS.get(base, ())


def _why(base: str) -> str:
    return TERMS.get(base, Terms.UNKNOWN).value


def _verb(use: LicenseUse) -> str:
    return "running it" if use is LicenseUse.RUN else "a derivative"


@lru_cache(maxsize=1)  # building the index of SPDX's 600 licences takes half a second
def _spdx() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def _parse_known(text: str | None) -> Any:
    parsed = _parse(text or "")
    assert parsed is not None  # noqa: S101 - the caller has normalised it
    return parsed


@lru_cache(maxsize=512)
def _parse(text: str) -> Any:
    """The parsed expression, None where it is missing, too long, malformed or names a licence that nobody knows."""
    from license_expression import ExpressionError, ExpressionParseError

    text = ALIASES.get(" ".join(text.lower().split()), text)
    if text.lower() in _MISSING or len(text) > MAX_EXPRESSION_CHARACTERS:
        return None
    try:
        parsed = _spdx().parse(text, validate=False, simple=False)
    except (ExpressionError, ExpressionParseError, AttributeError, RecursionError, TypeError):
        return None
    if parsed is None:
        return None
    unknown = {symbol.key for symbol in _spdx().unknown_license_symbols(parsed)}
    return parsed if all(key.startswith("LicenseRef-") for key in unknown) else None
