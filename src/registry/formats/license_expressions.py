"""May a project under one license use a package under another? SPDX expressions and a table, no legal advice.

Table and rules follow: the FSF's license list and compatibility matrix (https://www.gnu.org/licenses/license-list.html,
https://www.gnu.org/licenses/gpl-faq.html#AllCompatibility); MPL 2.0 §3.3 (secondary licenses); Creative Commons' list
of compatible licenses (https://creativecommons.org/compatiblelicenses: BY-SA 4.0 one way to GPLv3); for the OpenRAIL
and Llama families, their clauses that pass use restrictions on to derivatives (https://www.licenses.ai/). Expressions:
SPDX 2.3 annex D. A missing license gives no permission: https://choosealicense.com/no-permission/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from registry.formats.license_names import MISSING, current_ids, license_family, license_id
from registry.formats.license_trees import LicenseUse, can_choose_in, is_compatible, read_tree

MAX_EXPRESSION_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class LicenseAnswer:
    """Whether the use is compatible, why, and the two licenses as they were understood (None: not at all)."""

    compatible: bool
    reason: str
    package_license: str | None
    project_license: str | None


def normalise_license(text: str | None) -> str | None:
    """The SPDX expression that a statement means (`apache-2.0` → `Apache-2.0`), None when it is missing or unreadable.

    Licenses outside SPDX's list that the table knows come out as `LicenseRef-…`. Most statements are one license of the
    table, and are read without an index of all of SPDX's.
    """
    if text is None:
        return None
    if single := license_id(text):
        return single
    parsed = _parse(text.strip())
    return None if parsed is None else str(parsed.render("{symbol.key}"))


def can_choose(text: str | None, accepts: Callable[[str], bool]) -> bool | None:
    """Whether the statement leaves a choice all of whose licenses (ids without exceptions) are accepted.

    Of `A OR B` one must be, of `A AND B` both. None for a statement that is missing or unreadable.
    """
    tree = read_tree(normalise_license(text))
    return None if tree is None else can_choose_in(tree, accepts)


def check_license(
    package_license: str | None, project_license: str | None, use: LicenseUse = LicenseUse.FINE_TUNE
) -> LicenseAnswer:
    """Whether a project under `project_license` may put the package to `use`, by `is_compatible`."""
    package, project = normalise_license(package_license), normalise_license(project_license)
    trees = read_tree(package), read_tree(project)
    if trees[0] is not None and trees[1] is not None:
        compatible, reason = is_compatible(trees[0], trees[1], use)
        return LicenseAnswer(compatible, reason, package, project)
    side, text = ("package", package_license) if trees[0] is None else ("project", project_license)
    missing = text is None or text.strip().lower() in MISSING
    why = f"the {side} states no license" if missing else f"the {side}'s license {text!r} is no SPDX expression"
    return LicenseAnswer(False, f"{why}: no permission can be relied on", package, project)  # noqa: FBT003


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
