"""Writes `docs/commands.md`, the reference of the command line, from the commands themselves: `--write`."""

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from registry.cli import app
from tests.docs.conftest import ROOT

PAGE: Path = ROOT / "docs" / "commands.md"
_CONNECTION = {"server", "profile", "token", "json"}
_HEAD = """# Commands

Written from the commands by `.venv/bin/python -m tests.docs.command_reference --write`. Every command that speaks to a
registry also takes `--server`, `--profile`, `--token` and `--json`, before its name or after it
([client.md](client.md#settings-of-the-command-line)).

"""


def render() -> str:
    """The page."""
    return _HEAD + "\n".join(_sections(get_command(app), "registry"))


def _sections(command: Any, path: str) -> Iterator[str]:
    for name, sub in sorted(getattr(command, "commands", {}).items()):
        if hasattr(sub, "commands"):
            yield from _sections(sub, f"{path} {name}")
        else:
            yield _section(sub, f"{path} {name}")


def _section(command: Any, path: str) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    own = [each for each in options if not (each.name in _CONNECTION and _is_connection(command))]
    usage = " ".join([path, *(["[OPTIONS]"] if own else []), *(_metavar(each) for each in arguments)])
    lines = [f"## {path}", "", f"    {usage}", "", *_description(command.help or "")]
    rows = [f"| `{_metavar(each)}` | {_cell(each.help)} |" for each in arguments if each.help]
    rows += [f"| `{', '.join([*each.opts, *each.secondary_opts])}` | {_cell(each.help)} |" for each in own]
    if rows:
        lines += ["", "| argument or option | meaning |", "| --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def _is_connection(command: Any) -> bool:
    return any(each.name == "server" for each in command.params)


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")


def _description(text: str) -> Iterator[str]:
    """Prose as it is; the examples, which are indented, as blocks."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("  "):
            yield "".join(f"    {line.strip()}\n" if line.strip() else "\n" for line in paragraph.splitlines()).rstrip()
        else:
            yield " ".join(paragraph.split()).replace("<", "&lt;").replace("*", "\\*")
        yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(render(), encoding="utf-8")
    else:
        print(render(), end="")  # noqa: T201


if __name__ == "__main__":
    main()
