"""Running `registry …` in this process, with pipes for terminals."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from registry.cli import app

NOTHING_FOUND = "Nothing found.\n"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def documents(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Cli:
    """Runs `registry …` against one server, with a configuration of its own."""

    def __init__(self, server: str) -> None:
        self.environment: dict[str, str | None] = {
            "REGISTRY_SERVER": server,
            "REGISTRY_TOKEN": None,
            "REGISTRY_PROFILE": None,
        }

    def run(self, *arguments: str, stdin: str = "") -> Outcome:
        result = CliRunner(env=self.environment).invoke(app, arguments, input=stdin, prog_name="registry")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def done(self, *arguments: str, stdin: str = "") -> Outcome:
        outcome = self.run(*arguments, stdin=stdin)
        assert outcome.code == 0, outcome.err
        assert outcome.err in (("",) if outcome.out else ("", NOTHING_FOUND))
        return outcome

    def failed(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        """The exit code and the one line on stderr."""
        outcome = self.run(*arguments, stdin=stdin)
        assert outcome.out == ""
        (line,) = outcome.err.splitlines()
        assert line.startswith("registry: ")
        return outcome.code, line

    def publish(self, path: Path, *options: str, name: str = "acme/tiny", version: str = "1.0.0") -> Any:
        given = ("--name", name, "--version", version, "--type", "model", *options)
        return self.done("publish", str(path), *given).document
