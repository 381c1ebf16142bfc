"""Reads the settings, once, and shows them."""

import difflib
import os
import types
import typing
from enum import StrEnum

from dotenv import dotenv_values
from pydantic import ValidationError

from registry.settings.model import ENV_FILE, PREFIX, Settings

# Read by the command line, docker-compose.yml and the tests under the same prefix; not settings of the service.
_FOREIGN_NAMES = frozenset(
    {"SERVER", "TOKEN", "IMAGE", "S3_PORT", "TEST_URL", "TEST_ADMIN_USERNAME", "TEST_ADMIN_PASSWORD"}
)


class SettingsError(Exception):
    """The settings cannot be used. Its text is one line that says what to do."""


def load_settings(**overrides: object) -> Settings:
    """Read the settings once. Raises SettingsError with one line per mistake, unknown names included."""
    known = set(Settings.model_fields)
    problems = []
    for variable in sorted({*os.environ, *dotenv_values(ENV_FILE)}):
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper().startswith(PREFIX) and name.lower() not in known and name not in _FOREIGN_NAMES:
            nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
            hint = f"; did you mean {PREFIX}{nearest[0].upper()}?" if nearest else "; see: registry settings"
            problems.append(f"{variable} is not a setting{hint}")
    if problems:
        raise SettingsError("\n".join(problems))
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = []
        for mistake in error.errors():
            place = "".join(f"{PREFIX}{str(part).upper()}: " for part in mistake["loc"][:1])
            lines.append(place + mistake["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from None


def _shown(annotation: object) -> str:
    choices = [*typing.get_args(annotation)] if isinstance(annotation, types.UnionType) else [annotation]
    enums = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, StrEnum)]
    return " (" + ", ".join(enums[0]) + ")" if enums else ""


def describe(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Rows of (name, default, value, meaning); secrets are masked."""
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        text = "" if value is None else str(value)
        default = "" if field.default is None else str(field.default)
        rows.append((PREFIX + name.upper(), default, text, f"{field.description}{_shown(field.annotation)}"))
    return rows
