"""The command line."""

import typer

from registry.cli import operate

app = typer.Typer(no_args_is_help=True)
operate.register(app)


def main() -> None:
    app()
