"""The command line: `registry --help` explains itself.

Modules that take long to import (the HTTP client, tables, the service) are imported by the command that needs them.
"""

from typing import Annotated

import typer

from registry import __version__
from registry.cli import (
    access,
    audit,
    doctor,
    files,
    names,
    operate,
    packages,
    policy,
    profiles,
    publishing,
    ratings,
    safety,
    search,
    serving,
    stores,
    tokens,
    users,
    webhooks,
)
from registry.cli.failures import EXIT_CODES_HELP
from registry.cli.groups import RootGroup, RootOptions
from registry.cli.output import ask_for_json
from registry.cli.service import has_service
from registry.cli.session import JSON_OPTION, PROFILE_OPTION, SERVER_OPTION, TOKEN_OPTION

app = typer.Typer(
    cls=RootGroup,
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 – how typer calls it
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    *,
    server: Annotated[str | None, SERVER_OPTION] = None,
    profile: Annotated[str | None, PROFILE_OPTION] = None,
    token: Annotated[str | None, TOKEN_OPTION] = None,
    json: Annotated[bool, JSON_OPTION] = False,
    version: Annotated[  # noqa: ARG001 – its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Publish, find and fetch machine-learning models, datasets and code.

    Examples:

      registry login --server https://registry.example.org --user alice
      registry publish tiny.zip --name acme/tiny --version 1.0.0 --type model
      registry list --type model
      registry search sentence embeddings
      registry download acme/tiny

    PACKAGE is an id, a name (its latest version), or name@version. On a
    terminal there are tables and progress bars; elsewhere, or with --json,
    a JSON document a line on stdout. Errors are one line on stderr. The
    options for connection and output may stand before the command or after.
    """
    ctx.obj = RootOptions(server, token, profile)
    ask_for_json(json)


for commands in (
    publishing,
    packages,
    names,
    search,
    ratings,
    files,
    safety,
    access,
    doctor,
    profiles,
    audit,
    users,
    tokens,
    webhooks,
):
    commands.register(app)
if has_service():
    for operators_commands in (serving, operate, policy, stores):
        operators_commands.register(app)


def main() -> None:
    """The entry point of the `registry` command."""
    app(prog_name="registry")
