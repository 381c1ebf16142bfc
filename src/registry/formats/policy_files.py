"""Policy files: TOML with the tables `rules` and `waivers` (docs/policy.md)."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from registry.domain.errors import FieldError, InvalidInput
from registry.domain.name_patterns import ALL_NAMES, NamePatterns
from registry.domain.packages import PackageType
from registry.domain.policy import Policy, Rule, Waiver
from registry.domain.safety import SafetyStatus
from registry.domain.versions import Version
from registry.formats.license_expressions import normalise_license
from registry.formats.license_trees import licenses_in

_RULE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_MOST_TABLES = 1_000
_MOST_DAYS = 3_650
_RULE_MEMBERS = frozenset(
    {
        *("name", "types", "packages", "except", "min_net_score", "worst_verdict"),
        *("allowed_licenses", "refused_licenses", "min_age_days"),
    }
)
_WAIVER_MEMBERS = frozenset({"rule", "type", "package", "version", "author", "reason", "expires"})
_Value = TypeVar("_Value")


def read_policy(text: str) -> Policy:
    """The policy of a file. Raises InvalidInput, which names every fault and where it is."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"not TOML: {error}") from None
    reader = _Reader()
    reader.check_members(document, "", frozenset({"rules", "waivers"}))
    rules = tuple(reader.rule(table, where) for table, where in reader.tables(document, "rules"))
    waivers = tuple(reader.waiver(table, where) for table, where in reader.tables(document, "waivers"))
    if reader.faults:
        raise InvalidInput(reader.faults)
    policy = Policy(rules, waivers)
    if faults := policy.faults():
        raise InvalidInput(faults)
    return policy


@dataclass(slots=True)
class _Reader:
    """Reads tables; what is wrong is gathered in `faults`, and something harmless is put in its place."""

    faults: list[FieldError]

    def __init__(self) -> None:
        self.faults = []

    def fault(self, where: str, text: str) -> None:
        self.faults.append(FieldError(where, text))

    def check_members(self, table: dict[str, Any], where: str, known: frozenset[str]) -> None:
        for name in table.keys() - known:
            self.fault(f"{where}/{name}", f"unknown; known are {', '.join(sorted(known))}")

    def tables(self, document: dict[str, Any], name: str) -> list[tuple[dict[str, Any], str]]:
        value = document.get(name, [])
        if not isinstance(value, list) or len(value) > _MOST_TABLES or not all(isinstance(it, dict) for it in value):
            self.fault(f"/{name}", f"write [[{name}]] before each, {_MOST_TABLES} at most")
            return []
        return [(table, f"/{name}/{place}") for place, table in enumerate(value)]

    def rule(self, table: dict[str, Any], where: str) -> Rule:
        self.check_members(table, where, _RULE_MEMBERS)
        demands = _RULE_MEMBERS - {"name", "types", "packages", "except"}
        if not demands & table.keys():
            self.fault(where, f"a rule demands something: {', '.join(sorted(demands))}")
        types = self.texts(table, where, "types")
        return Rule(
            name=self.text(table, where, "name", _RULE_NAME),
            types=frozenset(self.one(PackageType, text, f"{where}/types") for text in types) or frozenset(PackageType),
            packages=self.patterns(table, where, "packages") or ALL_NAMES,
            besides=self.patterns(table, where, "except"),
            min_net_score=self.number(table, where, "min_net_score", most=1.0),
            worst_verdict=self.one(SafetyStatus, str(table["worst_verdict"]), f"{where}/worst_verdict")
            if "worst_verdict" in table
            else None,
            allowed_licenses=self.licenses(table, where, "allowed_licenses"),
            refused_licenses=self.licenses(table, where, "refused_licenses"),
            min_age=None
            if (days := self.number(table, where, "min_age_days", most=_MOST_DAYS)) is None
            else timedelta(days=days),
        )

    def waiver(self, table: dict[str, Any], where: str) -> Waiver:
        self.check_members(table, where, _WAIVER_MEMBERS)
        version = table.get("version")
        return Waiver(
            rule=self.text(table, where, "rule", _RULE_NAME),
            type=self.one(PackageType, str(table.get("type", PackageType.MODEL.value)), f"{where}/type"),
            package=self.text(table, where, "package"),
            version=None if version is None else self.version(version, f"{where}/version"),
            author=self.text(table, where, "author"),
            reason=self.text(table, where, "reason"),
            expires_at=self.moment(table.get("expires"), f"{where}/expires"),
        )

    def text(self, table: dict[str, Any], where: str, name: str, pattern: re.Pattern[str] | None = None) -> str:
        value = table.get(name)
        if not isinstance(value, str) or not value.strip():
            self.fault(f"{where}/{name}", "needed: a text that is not empty")
            return ""
        if pattern is not None and not pattern.fullmatch(value):
            self.fault(f"{where}/{name}", "lower-case letters, digits and hyphens, a letter first, 64 at most")
        return value.strip()

    def texts(self, table: dict[str, Any], where: str, name: str) -> list[str]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(it, str) for it in value) or (name in table and not value):
            self.fault(f"{where}/{name}", "a list of texts that is not empty")
            return []
        return list(value)

    def one(self, kind: Callable[[str], _Value], text: str, where: str) -> _Value:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(each.value for each in kind)  # type: ignore[attr-defined]
            self.fault(where, f"{text!r} is none of {known}")
            return next(iter(kind))  # type: ignore[call-overload, no-any-return]

    def patterns(self, table: dict[str, Any], where: str, name: str) -> NamePatterns | None:
        texts = self.texts(table, where, name)
        try:
            return NamePatterns.parse(texts, pointer=f"{where}/{name}") if texts else None
        except InvalidInput as error:
            self.faults += error.errors
            return None

    def number(self, table: dict[str, Any], where: str, name: str, *, most: float) -> float | None:
        value = table.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.fault(f"{where}/{name}", f"a number from 0 to {most:g}")
            return None
        return float(value)

    def licenses(self, table: dict[str, Any], where: str, name: str) -> frozenset[str]:
        found: set[str] = set()
        for place, text in enumerate(self.texts(table, where, name)):
            ids = licenses_in(normalise_license(text))
            if len(ids) != 1:
                self.fault(f"{where}/{name}/{place}", f"{text!r} is no SPDX id of one license")
            found |= ids
        return frozenset(found)

    def version(self, value: object, where: str) -> str | None:
        try:
            return str(Version.parse(str(value)))
        except InvalidInput as error:
            self.fault(where, error.errors[0].detail)
            return None

    def moment(self, value: object, where: str) -> datetime:
        """A date holds until its end; a moment without a zone is in UTC."""
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime.combine(value + timedelta(days=1), time(), UTC)
        self.fault(where, "needed: a date such as 2027-01-31, without quotes")
        return datetime.min.replace(tzinfo=UTC)
