"""What every command that speaks to a registry shares: where it is, who asks, and how answers are written."""

import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from registry.cli.configuration import Configuration, default_path
from registry.cli.credentials import find_token
from registry.cli.failures import fail, usage_error
from registry.cli.output import Output

if TYPE_CHECKING:
    from registry.client import RegistryClient

P = ParamSpec("P")

DEFAULT_SERVER = "http://127.0.0.1:8000"

_PANEL = "Connection and output"
_SERVER = typer.Option(
    help=f"Address of the registry; else $REGISTRY_SERVER, else where you signed in last, else {DEFAULT_SERVER}.",
    metavar="URL",
    rich_help_panel=_PANEL,
)
_TOKEN = typer.Option(
    help="Token; else $REGISTRY_TOKEN, your login, the keyring, ~/.netrc. Other users may see a command's options.",
    rich_help_panel=_PANEL,
)
_JSON = typer.Option("--json", help="Write JSON on a terminal too, a document a line.", rich_help_panel=_PANEL)


class Session:
    """The options, the environment and the configuration file, in this order of weight."""

    def __init__(self, *, server: str | None = None, token: str | None = None, as_json: bool = False) -> None:
        self._server = server or os.environ.get("REGISTRY_SERVER")
        self._token = token or os.environ.get("REGISTRY_TOKEN")
        self.output = Output(as_json=as_json)
        self.configuration_path = default_path(os.environ)

    @cached_property
    def configuration(self) -> Configuration:
        return Configuration.load(self.configuration_path)

    @property
    def server(self) -> str:
        """Without a slash at its end, so that one server has one name in the configuration."""
        return (self._server or self.configuration.server or DEFAULT_SERVER).rstrip("/")

    @property
    def user(self) -> str | None:
        """Who signed in, None where a token was handed in by other means."""
        session = None if self._token else self.configuration.sessions.get(self.server)
        return session.user if session else None

    def client(self) -> "RegistryClient":
        """A client with the token for this server, if there is one. Raises CommandError."""
        from registry.client import RegistryClient

        token = self._token
        if token is None and (session := self.configuration.sessions.get(self.server)):
            token = session.token
        if token is None:
            token = find_token(self.server, os.environ)
        try:
            return RegistryClient(self.server, token)
        except ValueError as error:
            raise usage_error(str(error)) from error


def confirm(question: str, *, yes: bool) -> None:
    """Go on only when the answer is yes. Raises CommandError where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage_error("nobody is there to confirm this; add --yes")
    typer.confirm(question, abort=True, err=True)


def ask(question: str) -> str:
    """A line that somebody types. Raises CommandError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise usage_error(f"nobody is there to ask: {question.lower()}? Name it by an option")
    answer: str = typer.prompt(question, err=True)
    return answer


def read_password(prompt: str, *, from_stdin: bool, repeat: bool = False) -> str:
    """A password from a line of stdin, or asked for without echo. Never an option: those show in process lists."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise usage_error("there is no password on stdin")
        return password
    if not sys.stdin.isatty():
        raise usage_error("nobody is there to ask for the password; use --password-stdin")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=repeat, err=True)
    return answer


def command(
    app: typer.Typer, name: str, *, with_token: bool = True
) -> Callable[[Callable[Concatenate[Session, P], Awaitable[None]]], Callable[Concatenate[Session, P], Awaitable[None]]]:
    """Register an async function as a command. Its first parameter is the session, made from --server, --token, --json,
    which every command gets this way; errors end as `fail` says."""

    def register(
        function: Callable[Concatenate[Session, P], Awaitable[None]],
    ) -> Callable[Concatenate[Session, P], Awaitable[None]]:
        def run(*, server: str | None, json: bool, token: str | None = None, **arguments: Any) -> None:
            try:
                asyncio.run(_finished(function(Session(server=server, token=token, as_json=json), **arguments)))  # type: ignore[call-arg]
            except Exception as error:  # noqa: BLE001 – what is no failure of ours is raised again
                fail(error)

        parameters = _with_connection(function, with_token=with_token)
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = function.__doc__
        app.command(name)(run)
        return function

    return register


async def _finished(work: Awaitable[None]) -> None:
    await work


def _with_connection(function: Callable[..., object], *, with_token: bool) -> list[inspect.Parameter]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared: list[tuple[str, Any, object]] = [("server", Annotated[str | None, _SERVER], None)]
    if with_token:
        shared.append(("token", Annotated[str | None, _TOKEN], None))
    shared.append(("json", Annotated[bool, _JSON], False))
    return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, annotation, default in shared
    ]
