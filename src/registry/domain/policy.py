"""What an operator demands of packages before they are served, and which refusals are waived.

Pure: `judge` compares a rule with what is known of a package. What is not known never counts in a package's favour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from registry.domain.errors import FieldError
from registry.domain.name_patterns import ALL_NAMES, NamePatterns
from registry.domain.packages import Package, PackageType
from registry.domain.safety import SafetyStatus

_ORDER = tuple(SafetyStatus)


@dataclass(frozen=True, slots=True)
class Rule:
    """Demands on the packages of some types and names. Members that are None or empty demand nothing.

    `min_net_score` (0.0–1.0) is compared with the lower bound. `worst_verdict` is the worst that is served.
    `allowed_licenses` and `refused_licenses` are SPDX ids: of `A OR B` one must do, of `A AND B` both.
    `min_age` counts from the publication of the version.
    """

    name: str
    types: frozenset[PackageType] = frozenset(PackageType)
    packages: NamePatterns = ALL_NAMES
    besides: NamePatterns | None = None
    min_net_score: float | None = None
    worst_verdict: SafetyStatus | None = None
    allowed_licenses: frozenset[str] = frozenset()
    refused_licenses: frozenset[str] = frozenset()
    min_age: timedelta | None = None

    def concerns(self, package: Package) -> bool:
        return (
            package.type in self.types
            and self.packages.covers(package.name)
            and (self.besides is None or not self.besides.covers(package.name))
        )


@dataclass(frozen=True, slots=True)
class Waiver:
    """That `rule` does not hold for a package, or (`version`) for one version of it, until `expires_at`."""

    rule: str
    type: PackageType
    package: str
    version: str | None
    author: str
    reason: str
    expires_at: datetime

    def covers(self, package: Package, *, now: datetime) -> bool:
        return (
            (self.type, self.package) == (package.type, package.name)
            and self.version in (None, str(package.version))
            and now < self.expires_at
        )

    def __str__(self) -> str:
        until = self.expires_at.date().isoformat()
        return f"rule {self.rule} is waived until {until} by {self.author}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a package lacks for a rule."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The rules that refuse a package, and the waivers without which more would."""

    refusals: tuple[Refusal, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a package besides its record.

    `net_score_range` is None without a rating of the current revision, or with one without a net score; `verdict` is
    None without one.
    """

    net_score_range: tuple[float, float] | None = None
    verdict: SafetyStatus | None = None


LicenseChoice = Callable[[str | None, Callable[[str], bool]], bool | None]
"""Whether a license expression leaves a choice all of whose ids are accepted; None for what cannot be read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in the order of the file, all of which count, and the waivers."""

    rules: tuple[Rule, ...] = ()
    waivers: tuple[Waiver, ...] = field(default=())

    def rules_for(self, package: Package) -> Sequence[Rule]:
        return [rule for rule in self.rules if rule.concerns(package)]

    def judge(self, package: Package, facts: Facts, *, now: datetime, choice: LicenseChoice) -> Judgement:
        """What stands against serving the package at `now`, as far as this policy says."""
        refusals: list[Refusal] = []
        waivers: list[Waiver] = []
        for rule in self.rules_for(package):
            reason = _objection(rule, package, facts, now=now, choice=choice)
            if reason is None:
                continue
            waiver = next((each for each in self.waivers if _waives(each, rule, package, now)), None)
            if waiver is None:
                refusals.append(Refusal(rule.name, reason))
            else:
                waivers.append(waiver)
        return Judgement(tuple(refusals), tuple(waivers))

    def faults(self) -> list[FieldError]:
        """What is wrong with rules and waivers taken together."""
        names = [rule.name for rule in self.rules]
        found = [
            FieldError(f"/rules/{place}/name", f"there is another rule {name!r}")
            for place, name in enumerate(names)
            if name in names[:place]
        ]
        for place, waiver in enumerate(self.waivers):
            if waiver.rule not in names:
                found.append(FieldError(f"/waivers/{place}/rule", f"there is no rule {waiver.rule!r}"))
        return found


def _waives(waiver: Waiver, rule: Rule, package: Package, now: datetime) -> bool:
    return waiver.rule == rule.name and waiver.covers(package, now=now)


def _objection(rule: Rule, package: Package, facts: Facts, *, now: datetime, choice: LicenseChoice) -> str | None:
    """Why the rule refuses the package; the first reason will do."""
    return (
        _about_verdict(rule, facts)
        or _about_score(rule, facts)
        or _about_license(rule, package, choice)
        or _about_age(rule, package, now)
    )


def _about_verdict(rule: Rule, facts: Facts) -> str | None:
    if rule.worst_verdict is None:
        return None
    if facts.verdict is None:
        return "its content has no verdict yet"
    if _ORDER.index(facts.verdict) > _ORDER.index(rule.worst_verdict):
        return (
            f"the verdict on its content is {facts.verdict.value}, and {rule.worst_verdict.value} is the worst allowed"
        )
    return None


def _about_score(rule: Rule, facts: Facts) -> str | None:
    if rule.min_net_score is None:
        return None
    if facts.net_score_range is None:
        return f"it has no net score yet, and {rule.min_net_score:g} is the lowest allowed"
    low, high = facts.net_score_range
    if low < rule.min_net_score:
        return f"its net score is between {low:g} and {high:g}, and {rule.min_net_score:g} is the lowest allowed"
    return None


def _about_license(rule: Rule, package: Package, choice: LicenseChoice) -> str | None:
    if not rule.allowed_licenses and not rule.refused_licenses:
        return None
    stated = package.license or "none"
    fits = choice(
        package.license,
        lambda license_id: (
            license_id not in rule.refused_licenses
            and (not rule.allowed_licenses or license_id in rule.allowed_licenses)
        ),
    )
    if fits is None:
        return f"its license ({stated}) is missing or cannot be read"
    return None if fits else f"its license ({stated}) is not allowed"


def _about_age(rule: Rule, package: Package, now: datetime) -> str | None:
    if rule.min_age is None or now - package.created_at >= rule.min_age:
        return None
    allowed_at = (package.created_at + rule.min_age).isoformat(timespec="minutes")
    return f"it was published less than {rule.min_age.days} days ago; it is served from {allowed_at} on"
