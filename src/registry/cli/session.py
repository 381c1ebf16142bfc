"""What every command that speaks to a registry shares: where it is, who asks, and how answers are written."""

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from registry.cli.addresses import bad_address, server_url
from registry.cli.configuration import Configuration, default_path
from registry.cli.credentials import find_token
from registry.cli.failures import fail, usage_error
from registry.cli.groups import RootOptions
from registry.cli.output import Output
from registry.cli.profiles import PROFILE_PATTERN, known

if TYPE_CHECKING:
    from registry.client import RegistryClient

P = ParamSpec("P")

DEFAULT_SERVER = "http://127.0.0.1:8000"

_PANEL = "Connection and output"
SERVER_OPTION = typer.Option(
    help=f"Address of the registry; else $REGISTRY_SERVER, else where you signed in last, else {DEFAULT_SERVER}.",
    metavar="URL",
    rich_help_panel=_PANEL,
)
TOKEN_OPTION = typer.Option(
    help="Token; else $REGISTRY_TOKEN, your login, the keyring, ~/.netrc. Other users may see a command's options.",
    rich_help_panel=_PANEL,
)
PROFILE_OPTION = typer.Option(
    help="One of your profiles; else $REGISTRY_PROFILE, else the one in use (registry profiles).",
    metavar="NAME",
    rich_help_panel=_PANEL,
)
JSON_OPTION = typer.Option("--json", help="Write JSON on a terminal too, a document a line.", rich_help_panel=_PANEL)


class Session:
    """The options, the environment and the configuration file, in this order of weight."""

    def __init__(
        self,
        *,
        server: str | None = None,
        token: str | None = None,
        profile: str | None = None,
        as_json: bool = False,
    ) -> None:
        """Raises CommandError for an address that is none."""
        named = server or os.environ.get("REGISTRY_SERVER")
        self._server = server_url(named) if named else None
        self._token = token or os.environ.get("REGISTRY_TOKEN")
        # An address that is named outweighs a profile that is not.
        self._profile = profile or (None if server else os.environ.get("REGISTRY_PROFILE"))
        self.output = Output(as_json=as_json)
        self.configuration_path = default_path(os.environ)

    @cached_property
    def configuration(self) -> Configuration:
        return Configuration.load(self.configuration_path)

    @property
    def profile(self) -> str | None:
        """The profile in use. Raises CommandError when its name cannot be one."""
        if self._profile is not None:
            if not PROFILE_PATTERN.fullmatch(self._profile):
                raise usage_error(f"{self._profile!r} cannot be a profile; use letters, digits, ., _ and -")
            return self._profile
        return None if self._server else self.configuration.profile

    @property
    def server(self) -> str:
        """Without a slash at its end, so that one server has one name in the configuration. Raises CommandError."""
        if self._profile is None and self._server is not None:
            return self._server
        if self.profile is not None:
            if self._server is not None and self.profile not in self.configuration.profiles:
                return self._server
            return known(self.configuration, self.profile)
        return self.configuration.server or DEFAULT_SERVER

    @property
    def login_server(self) -> str:
        """Where to sign in: a profile may be made, or led to another address, by it."""
        return self._server or self.server

    @property
    def user(self) -> str | None:
        """Who signed in, None where a token was handed in by other means."""
        session = None if self._token else self.configuration.session_of(self.server, self.profile)
        return session.user if session else None

    @property
    def sign_in_command(self) -> str:
        """What to run to sign in here."""
        if self._profile is not None:
            return f"registry login --profile {self._profile}"
        return "registry login" if self._server is None else f"registry login --server {self._server}"

    @property
    def reach_hint(self) -> str:
        """What to do where nothing answers."""
        if self.server == DEFAULT_SERVER:
            return "Is it running? `registry serve` starts one; --server names another."
        return "Is the address right? `registry doctor` looks closer."

    def find_token(self) -> str | None:
        """The token for this server, if there is one. Raises CommandError."""
        if self._token is not None:
            return self._token
        session = self.configuration.session_of(self.server, self.profile)
        return session.token if session else find_token(self.server, os.environ)

    def client(self, *, server: str | None = None, timeout_seconds: float = 60.0) -> "RegistryClient":
        """A client with the token for this server, if there is one; at `server` one without. Raises CommandError."""
        from registry.client import RegistryClient

        try:
            if server is not None:
                return RegistryClient(server, timeout_seconds=timeout_seconds)
            return RegistryClient(self.server, self.find_token(), timeout_seconds=timeout_seconds)
        except ValueError as error:
            raise bad_address(server or self.server) from error


def command(
    app: typer.Typer, name: str, *, with_token: bool = True
) -> Callable[[Callable[Concatenate[Session, P], Awaitable[None]]], Callable[Concatenate[Session, P], Awaitable[None]]]:
    """Register an async function as a command. Its first parameter is the session, made from --server, --token, --json,
    which every command gets this way, or from before the command; errors end as `fail` says."""

    def register(
        function: Callable[Concatenate[Session, P], Awaitable[None]],
    ) -> Callable[Concatenate[Session, P], Awaitable[None]]:
        def run(*, ctx: typer.Context, json: bool, **arguments: Any) -> None:
            given = {name: arguments.pop(name, None) for name in ("server", "token", "profile")}
            session: Session | None = None
            try:
                session = session_of(ctx, as_json=json, **given)
                asyncio.run(_finished(function(session, **arguments)))  # type: ignore[call-arg]
            except Exception as error:  # noqa: BLE001 – what is no failure of ours is raised again
                fail(error, session)

        parameters = _with_connection(function, with_token=with_token)
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = function.__doc__
        app.command(name)(run)
        return function

    return register


def session_of(
    ctx: typer.Context,
    *,
    server: str | None = None,
    token: str | None = None,
    profile: str | None = None,
    as_json: bool = False,
) -> Session:
    """The session of a command: its own options outweigh those before it. Raises CommandError."""
    root = ctx.find_object(RootOptions) or RootOptions()
    return Session(
        server=server or root.server,
        token=token or root.token,
        profile=profile or root.profile,
        as_json=as_json,
    )


async def _finished(work: Awaitable[None]) -> None:
    await work


def _with_connection(function: Callable[..., object], *, with_token: bool) -> list[inspect.Parameter]:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared: list[tuple[str, Any, object]] = [
        ("server", Annotated[str | None, SERVER_OPTION], None),
        ("profile", Annotated[str | None, PROFILE_OPTION], None),
    ]
    if with_token:
        shared.append(("token", Annotated[str | None, TOKEN_OPTION], None))
    shared.append(("json", Annotated[bool, JSON_OPTION], False))
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    return [context, *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own)] + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, annotation, default in shared
    ]
