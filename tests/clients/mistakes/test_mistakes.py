"""Sixty mistakes and their answers: one line on stderr that says what is wrong and what to do, and an exit code."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.server import RunningServer
from tests.clients.commands import Cli

TINY = ("publish", "tiny.zip", "--name", "acme/new", "--type", "model")
NEW = (*TINY, "--version", "1.0.0")


@dataclass(frozen=True)
class Mistake:
    """`answer` is all of the line after `registry: `; `…` stands for anything, `{url}` for the server's address."""

    command: tuple[str, ...]
    code: int
    answer: str
    who: str = "admin"
    stdin: str = ""

    def __str__(self) -> str:
        return " ".join(self.command)[:60]


MISTAKES = [
    # Signing in
    Mistake(("login", "--user", "admin", "--password-stdin"), 4, "Wrong name or password.", stdin="wrong\n"),
    Mistake(("login", "--user", "nobody", "--password-stdin"), 4, "Wrong name or password.", stdin="wrong\n"),
    Mistake(("login", "--user", "admin", "--password-stdin"), 2, "there is no password on stdin"),
    Mistake(("login", "--user", "admin"), 2, "nobody is there to ask for the password; use --password-stdin"),
    Mistake(("login",), 2, "nobody is there to ask: user? Name it by an option"),
    Mistake(("list",), 4, "Not signed in. Run `registry login`.", who="nobody"),
    Mistake(("--server", "{url}", "list"), 4, "Not signed in. Run `registry login --server {url}`.", who="nobody"),
    Mistake(NEW, 4, "Not signed in. Run `registry login`.", who="nobody"),
    Mistake(("list",), 4, "The token is not valid. Run `registry login`.", who="expired"),
    Mistake(("list", "--token", "reg_nonsense"), 4, "The API token is not complete, or mistyped. Copy it again."),
    Mistake(("list",), 1, "…config.json is damaged; remove it and run `registry login` again", who="damaged"),
    Mistake(NEW, 4, "This needs the permission 'upload'. Ask an admin for it.", who="bob"),
    Mistake(("users", "list"), 4, "This needs the permission 'admin'. Ask an admin for it.", who="bob"),
    # Where the registry is
    Mistake(
        ("list", "--server", "127.0.0.1:9"),
        6,
        "No answer from http://127.0.0.1:9: nothing listens there. Is the address right?…",
    ),
    Mistake(("--server", "ftp://host", "list"), 2, "'ftp://host' is no address of a registry; write one like …"),
    Mistake(("list", "--server", "http://"), 2, "'http://' is no address of a registry; write one like …"),
    Mistake(("list", "--server", "two words"), 2, "'two words' is no address of a registry; write one like …"),
    Mistake(
        ("list", "--server", "https://{host}"),
        6,
        "No answer from https://{host}: it does not speak TLS; does its address begin with http:// instead of https://?…",
    ),
    Mistake(
        ("--profile", "prod", "list"),
        2,
        "no profile 'prod' (there are: none yet); make it by: registry login --profile prod --server URL",
    ),
    Mistake(("--profile", "../x", "list"), 2, "'../x' cannot be a profile; use letters, digits, ., _ and -"),
    Mistake(("profiles", "use", "prod"), 2, "no profile 'prod'…"),
    # Names
    Mistake(("show", "tomly"), 3, "No package 'tomly'. Did you mean 'tomli'?"),
    Mistake(("show", "Tomli"), 3, "No package 'Tomli'. Did you mean 'tomli'?"),
    Mistake(("show", "tiny"), 3, "No package 'tiny'. Did you mean 'acme/tiny'?"),
    Mistake(("download", "acme/tinny"), 3, "No package 'acme/tinny'. Did you mean 'acme/tiny'…?"),
    Mistake(("show", "something-else-entirely"), 3, "No package 'something-else-entirely'."),
    Mistake(("show", "tomli", "--type", "model"), 3, "No model 'tomli'. There is a code of that name."),
    Mistake(("show", "acme/twice"), 2, "acme/twice is a dataset and a model; give the type or the id"),
    Mistake(
        ("show", "01920000-0000-7000-8000-000000000000"),
        3,
        "No package has the id 01920000-0000-7000-8000-000000000000.",
    ),
    Mistake(("rate", "tomly"), 3, "No package 'tomly'. Did you mean 'tomli'?"),
    Mistake(("delete", "tomly", "--yes"), 3, "No package 'tomly'. Did you mean 'tomli'?"),
    Mistake(("show", "\x1b[2Jx"), 3, "No package '\\x1b[2Jx'."),
    Mistake((*NEW[:2], "--name", " x ", *NEW[4:]), 2, "name: ' x ' cannot be a name; use 1 to 200 printable…"),
    Mistake((*NEW[:2], "--name", "größe", *NEW[4:]), 2, "name: 'größe' cannot be a name; use 1 to 200 printable…"),
    Mistake(("versions", "tomly"), 3, "No package 'tomly'. Did you mean 'tomli'?"),
    Mistake(("owners", "tomli", "--type", "model"), 3, "No model 'tomli'. There is a code of that name."),
    Mistake(("alias", "set", "acme/twice", "prod", "1.0.0"), 2, "acme/twice is a dataset and a model; give the --type"),
    # Versions
    Mistake(
        ("show", "tomli@9.9.9"),
        3,
        "tomli has no version '9.9.9'. It has 2.1.0-rc.1, 2.0.0, 1.3.0, 1.2.0, 1.1.0 and 1 more.",
    ),
    Mistake(("download", "tomli@^3.0.0"), 3, "tomli has no version '^3.0.0'. It has 2.1.0-rc.1, 2.0.0, …"),
    Mistake(("show", "acme/tiny@1"), 3, "acme/tiny has no version '1'. It has 1.0.0."),
    Mistake(("show", "acme/tiny@prod"), 3, "acme/tiny has no version 'prod'. It has 1.0.0."),
    Mistake((*TINY, "--version", "1.0"), 2, "version: '1.0' is not a semantic version…; write one like 1.2.3-rc.1"),
    Mistake((*TINY, "--version", "latest"), 2, "version: 'latest' is not a semantic version…"),
    Mistake(("list", "--version", ">=1"), 1, "version: not a version range; write 1.2.3 (exact), …"),
    Mistake(
        ("publish", "tiny.zip", "--name", "tomli", "--type", "code", "--version", "1.0.0"),
        5,
        "A package with this type, name and version exists: …. Publish another version, or change that one.",
    ),
    # What a package says of itself
    Mistake((*NEW, "--depends", "no-colon"), 2, "'no-colon' is no dependency; write RELATION:NAME or … base_model, …"),
    Mistake((*NEW, "--depends", "Base Model:x"), 2, "dependencies.0.relation: 'Base Model' cannot be a relation; …"),
    Mistake((*NEW, "--depends", "base_model:x@"), 2, "'base_model:x@': '' is no range; write 1.2.3, …"),
    Mistake((*NEW, "--tag", ""), 2, "tags: at most 50 tags of 1 to 64 characters"),
    Mistake((*NEW, "--readme", "binary.md"), 2, "binary.md is not text in UTF-8"),
    Mistake((*NEW, "--status", "pending"), 1, "…status…"),
    Mistake(
        ("publish", "--name", "x", "--version", "1.0.0", "--type", "zip"),
        2,
        "Invalid value for '--type': 'zip' is not one of 'model', 'dataset', 'code'.…",
    ),
    Mistake(("update", "acme/tiny"), 2, "say what to change, such as --status deprecated"),
    Mistake(("update", "acme/tiny", "--status", "actve"), 2, "Invalid value for '--status': 'actve' is not one of …"),
    # Files
    Mistake(
        ("publish", "--name", "x", "--version", "1.0.0", "--type", "code"),
        2,
        "name a file to publish, or a --url to fetch it from",
    ),
    Mistake(("publish", "none.zip", *NEW[2:]), 2, "Invalid value for 'PATH': Path 'none.zip' does not exist.…"),
    Mistake(("publish", "-", *NEW[2:]), 2, "there was nothing on stdin"),
    Mistake(("download", "acme/tiny", "-o", "tiny.zip"), 5, "tiny.zip exists and is another file; --force replaces it"),
    Mistake(("download", "acme/tiny", "-o", "tiny.zip/"), 1, "tiny.zip: File exists"),
    Mistake(
        ("download", "acme/tiny", "-o", "none/copy"),
        2,
        "there is no folder none; make it, or name a folder with a / at its end",
    ),
    # Commands and options
    Mistake(("lisst",), 2, "No such command 'lisst'. Did you mean 'list'…? (`registry --help`)"),
    Mistake(("users", "ad"), 2, "No such command 'ad'. Did you mean 'add'? (`registry users --help`)"),
    Mistake(
        ("list", "--tpye", "code"),
        2,
        "No such option: --tpye (Possible options: --token, --type) (`registry list --help`)",
    ),
    Mistake(("show",), 2, "Missing argument 'PACKAGE'. (`registry show --help`)"),
    Mistake(("publish", "tiny.zip"), 2, "Missing --name, --version and --type. (`registry publish --help`)"),
    Mistake((*TINY,), 2, "Missing option '--version'. (`registry publish --help`)"),
    Mistake(
        ("list", "--limit", "0"), 2, "Invalid value for '--limit': 0 is not in the range x>=1. (`registry list --help`)"
    ),
    Mistake(("search",), 2, "search for words, or for one --regex"),
    Mistake(("search", "--regex", "("), 1, "regex: …"),
    Mistake(("search", "word", "--in", "name"), 2, "--in goes with --regex"),
    Mistake(("delete", "acme/tiny"), 2, "nobody is there to confirm this; add --yes"),
    Mistake(
        ("users", "add", "eve", "--password-stdin"),
        1,
        "password: a password has 8 to 1,024 characters",
        stdin="short\n",
    ),
    Mistake(("users", "add", "bob", "--password-stdin"), 5, "…bob…", stdin="a rather long password\n"),
    Mistake(("users", "delete", "eve", "--yes"), 3, "…eve…"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_the_answer_says_what_to_do(
    cli: Cli, server: RunningServer, config_of: dict[str, str], folder: Path, mistake: Mistake
) -> None:
    names = {"{url}": server.url, "{host}": server.url.removeprefix("http://")}

    def filled(text: str) -> str:
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    cli.environment["REGISTRY_SERVER"] = None
    config = folder / "config" / "registry" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(
        config_of[mistake.who].replace('"{}"', "{}") if mistake.who != "nobody" else f'{{"server": "{server.url}"}}'
    )
    config.chmod(0o600)
    outcome = cli.run(*map(filled, mistake.command), stdin=mistake.stdin)
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    pattern = re.escape(filled(mistake.answer)).replace("…", ".*")
    assert re.fullmatch(f"registry: {pattern}", line), line
    assert int(outcome.code) == mistake.code, line


def test_there_are_sixty_at_least() -> None:
    assert len({(mistake.command, mistake.who, mistake.stdin) for mistake in MISTAKES}) >= 60
