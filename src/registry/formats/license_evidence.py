"""Weighing what record, card, metadata and texts say about a license: which agree, and which is the strictest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from registry.domain.evidence import LicenseSource, LicenseStatement
from registry.formats.license_names import license_family
from registry.formats.license_trees import licenses_in, strictness

_RUST_PAIR = {"license-mit": "MIT", "license-apache": "Apache-2.0"}
_OUTSIDE_THE_LIST = "LicenseRef-"


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement, as `license` (normalised, None where it is none that is known) and as a person would show it."""

    license: str | None
    where: str
    said: str = ""
    path: str = ""
    is_text: bool = False
    part_of: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.is_text and self.license is None:
            return f"{self.where} is no license text that is known" + (f" ({self.said})" if self.said else "")
        return f"{self.license or self.said} in {self.where}"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Statements that do not stand for each other, the strictest first. `contradict`: they cannot all be right."""

    stated: tuple[Stated, ...]
    contradict: bool


def stated_by_name(text: str, where: str, expression: str | None) -> Stated:
    """A license that is named, as in a record; `expression` is its normalised form, None where it has none."""
    return Stated(expression, where, " ".join(text.split())[:100])


def stated_in_archive(statements: Iterable[LicenseStatement]) -> list[Stated]:
    """An archive's statements."""
    return [
        Stated(
            it.license,
            f"{it.path or 'files'} in the archive",
            it.said,
            it.path,
            it.source is LicenseSource.TEXT,
            it.part_of,
            it.holds,
        )
        for it in statements
    ]


def strictest_known(statements: Iterable[LicenseStatement]) -> str | None:
    """The license that an archive's statements make its package's, None where none of them is known."""
    return next((it.license for it in weigh(stated_in_archive(statements)).stated if it.license is not None), None)


def weigh(stated: Sequence[Stated]) -> Weighed:
    """What remains of the statements when those that agree are counted once."""
    names, texts = [it for it in stated if not it.is_text], [it for it in stated if it.is_text]
    names = _without_families(names, texts)
    named = frozenset[str]().union(*(licenses_in(it.license) for it in names))
    texts = _without_parts(_as_chosen(_later(_supported(texts, named), named)), named)
    held = frozenset[str]().union(*(licenses_in(it.license) for it in texts))
    # A choice, or a sum, whose texts are all there is what they are there for.
    explained = [licenses_in(it.license) for it in names if licenses_in(it.license) <= held]
    texts = [it for it in texts if not it.license or not any(licenses_in(it.license) <= them for them in explained)]
    distinct: dict[object, Stated] = {}
    for it in (*names, *texts):
        distinct.setdefault(it.license or (it.said, it.where), it)
    remaining = sorted(distinct.values(), key=lambda it: -strictness(it.license))
    pairs = [(one, other) for place, one in enumerate(remaining) for other in remaining[:place]]
    return Weighed(tuple(remaining), any(_contradict(one, other) for one, other in pairs))


def _without_families(names: list[Stated], texts: list[Stated]) -> list[Stated]:
    """Names of several licenses say nothing beside a statement of one of them."""
    known = [name for it in (*names, *texts) for name in licenses_in(it.license)]
    known += [name for it in texts for name in it.part_of]
    families = [(it, license_family(it.said)) for it in names]
    return [
        it
        for it, family in families
        if it.license or not family or not any(license_id.startswith(family) for license_id in known)
    ]


def _supported(texts: list[Stated], named: frozenset[str]) -> list[Stated]:
    """A text that holds a license that is named, beside notes, is that license and the others that it holds."""
    plain = {_version(name) for name in named}
    return [
        replace(it, license=" AND ".join(it.holds)) if it.license is None and plain & {*map(_version, it.holds)} else it
        for it in texts
    ]


def _version(license_id: str) -> str:
    return license_id.removesuffix("-only").removesuffix("-or-later")


def _later(texts: list[Stated], named: frozenset[str]) -> list[Stated]:
    """A GNU license's text is the same for `-only` and `-or-later`; which holds is said by name."""
    found = []
    for it in texts:
        later = (it.license or "").replace("-only", "-or-later")
        found.append(replace(it, license=later) if licenses_in(later) & named - licenses_in(it.license) else it)
    return found


def _as_chosen(texts: list[Stated]) -> list[Stated]:
    """Rust's convention: `LICENSE-MIT` with `LICENSE-APACHE` is a choice."""
    pair = [it for it in texts if _RUST_PAIR.get(it.path.rsplit("/", 1)[-1].lower().split(".")[0]) == it.license]
    pair = [it for it in pair if it.license]
    if {it.license for it in pair} != set(_RUST_PAIR.values()):
        return texts
    where = f"{' and '.join(it.path for it in pair)} in the archive"
    return [it for it in texts if it not in pair] + [
        Stated("MIT OR Apache-2.0", where, path=pair[0].path, is_text=True)
    ]


def _without_parts(texts: list[Stated], named: frozenset[str]) -> list[Stated]:
    """Without texts that are there for another license: a part of its text, the GPL that the LGPL 3 adds to, and the
    unknown text of a license outside SPDX's list."""
    held = named.union(*(licenses_in(it.license) for it in texts))
    has_lgpl_3 = any(name.startswith("LGPL-3.0") for name in held)
    outside = any(name.startswith(_OUTSIDE_THE_LIST) for name in named)
    return [
        it
        for it in texts
        if not (has_lgpl_3 and (it.license or "").startswith("GPL-3.0"))
        and not (it.license is None and (held.intersection(it.part_of) or (outside and not it.said)))
    ]


def _contradict(one: Stated, other: Stated) -> bool:
    """Whether two statements cannot both be right: a text may be one of those that an expression names."""
    licenses, others = licenses_in(one.license), licenses_in(other.license)
    if not licenses or not others:
        return True
    if {*map(_version, licenses)} == {*map(_version, others)} and strictness(one.license) == strictness(other.license):
        return False
    smaller, larger = sorted((one, other), key=lambda it: len(licenses_in(it.license)))
    is_sum_of_texts = larger.is_text and " AND " in (larger.license or "")
    within = licenses_in(smaller.license) < licenses_in(larger.license) and not is_sum_of_texts
    return not within or strictness(smaller.license) > strictness(larger.license)
