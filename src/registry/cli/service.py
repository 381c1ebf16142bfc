"""What commands share that work on the service's own stores: its settings, and what goes wrong as one line."""

import asyncio
import importlib.util
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from registry.settings import Settings

_Result = TypeVar("_Result")


def has_service() -> bool:
    """Whether more than the client is installed here."""
    return importlib.util.find_spec("registry.composition") is not None


def read_settings(**overrides: object) -> "Settings":
    """The settings from the environment. Where they cannot be used: a line for each mistake, and exit code 2."""
    from registry.settings import SettingsError, load_settings

    try:
        return load_settings(**overrides)
    except SettingsError as error:
        _tell(error)
        raise typer.Exit(2) from None


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run to the end. What the stores refuse becomes a line and exit code 1, a setting that does not fit 2."""
    from registry.domain.errors import RegistryError
    from registry.settings import SettingsError

    try:
        return asyncio.run(work)
    except SettingsError as error:
        _tell(error)
        raise typer.Exit(2) from None
    except (RegistryError, OSError) as error:
        _tell(error)
        raise typer.Exit(1) from None


def _tell(error: Exception) -> None:
    for line in str(error).splitlines():
        typer.echo(f"registry: {line}", err=True)
