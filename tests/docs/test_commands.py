"""Every command that a page shows exists, with the arguments and options that it is given."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from registry.cli import app
from tests.docs.conftest import ROOT

PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "client/README.md", "deploy/aws/README.md")
    ),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name != "commands.md"),
]
_FENCED = re.compile(r"^ *```(?:sh|text|bash|console)?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:^    \S.*\n)+", re.MULTILINE)
_INLINE = re.compile(r"`(registry [a-z][^`…]*)`")
_END_OF_COMMAND = frozenset({"|", ">", "<", "&&", "||", ";", ">>", "2>"})
_ClickException: Any = typer.BadParameter.__mro__[2]


def commands(page: str) -> Iterator[list[str]]:
    """The arguments of each `registry` in a page's blocks and sentences."""
    blocks = [*_FENCED.findall(page), *_INDENTED.findall(_FENCED.sub("", page))]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *_INLINE.findall(page)]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:
            continue  # prose with an apostrophe
        starts = [place for place, word in enumerate(words) if word == "registry" and _begins(words[:place])]
        for start in starts:
            rest = words[start + 1 :]
            ends = [place for place, word in enumerate(rest) if word in _END_OF_COMMAND]
            yield rest[: ends[0]] if ends else rest


def _begins(before: Sequence[str]) -> bool:
    """Whether a command begins here: nothing is before it, or variables, or the end of another."""
    return not before or before[-1] in ("|", "&&", "||", ";", "exec") or "=" in before[0] == before[-1]


def mistake_in(arguments: list[str]) -> str | None:
    """What the command line says of these arguments, without running anything. Files need not exist."""
    command: Any = get_command(app)
    name = "registry"
    context: Any = None
    try:
        while True:
            context = command.make_context(name, list(arguments), parent=context)
            if not hasattr(command, "commands"):
                return None
            arguments = [*context._protected_args, *context.args]
            name, command, arguments = command.resolve_command(context, arguments)
    except _ClickException as error:
        message = str(error.format_message())
        is_whole = "Missing" not in message and "does not exist" not in message
        return message if is_whole and type(error).__name__ != "NoArgsIsHelpError" else None
    except (typer.Exit, SystemExit):
        return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    mistakes = {
        " ".join(arguments): mistake
        for arguments in commands(page.read_text(encoding="utf-8"))
        if (mistake := mistake_in(arguments))
    }
    assert mistakes == {}


def test_mistakes_are_seen() -> None:
    block = "REGISTRY_TOKEN=x registry lisst | jq\nregistry list --tpye code > file\nregistry list --type code\n"
    page = f"```sh\n{block}```\n"
    found = [mistake_in(arguments) for arguments in commands(page + "and `registry users ad`, `registry show`\n")]
    assert [mistake and mistake.partition(".")[0].partition(":")[0] for mistake in found] == [
        "No such command 'lisst'",
        "No such option",
        None,
        "No such command 'ad'",
        None,
    ]
    assert len([*commands(PAGES[0].read_text(encoding="utf-8"))]) >= 6
