"""The root command: what it shares with every other, and how it ends: usage errors are one line, Ctrl-C is 130."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from registry.cli.failures import ExitCode
from registry.cli.text import one_line

INTERRUPTED = 130
OPERATORS = frozenset(
    {"serve", "worker", "settings", "openapi", "maintenance", "policy", "recompute", "tables", "bucket"}
)
"""Commands that are there when the service is installed."""
# Typer has its own copy of click in some versions: this is the base of all errors of either.
_ClickException: Any = typer.BadParameter.__mro__[2]


@dataclass(frozen=True, slots=True)
class RootOptions:
    """What may stand before the command as well as after it."""

    server: str | None = None
    token: str | None = None
    profile: str | None = None


class RootGroup(TyperGroup):
    """Typer draws a box and a usage text around what one line says."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[:1] and args[0] in OPERATORS and args[0] not in self.commands:
            raise typer.BadParameter(f"{args[0]!r} runs a registry, and the client alone is installed here", ctx=ctx)
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 – typer's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 – typer's signature
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)  # noqa: FBT003
        except _ClickException as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                error.show()
            else:
                typer.echo(f"registry: {one_line(_message(error))}{_where_help_is(error)}", err=True)
            sys.exit(error.exit_code)
        except typer.Abort:
            # Ctrl-C or the end of the input at a prompt, after which the cursor is still in its line.
            typer.echo(err=True)
            sys.exit(INTERRUPTED)
        sys.exit(code if isinstance(code, int) else 0)


def _message(error: Any) -> str:
    """What is wrong; of missing options all, not only the first."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "MissingParameter" and context is not None:
        # What was given is read before what was not.
        missing = [each.opts[0] for each in context.command.params if each.required and each.name not in context.params]
        if len(missing) > 1:
            return f"Missing {', '.join(missing[:-1])} and {missing[-1]}."
    return str(error.format_message())


def _where_help_is(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return f" (`{context.command_path} --help`)" if context is not None and error.exit_code == ExitCode.USAGE else ""
