"""Signing in and out, and whether the registry is well."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.configuration import SignedIn
from registry.cli.failures import CommandError, ExitCode
from registry.cli.prompts import ask, read_password
from registry.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Mapping


def register(app: typer.Typer) -> None:
    command(app, "login", with_token=False)(login)
    command(app, "logout")(logout)
    command(app, "health", with_token=False)(health)


async def login(
    session: Session,
    *,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Your name; asked for when left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from a line of stdin.")
    ] = False,
) -> None:
    """Sign in, and remember the registry and its token.

    The token is kept in registry/config.json under $XDG_CONFIG_HOME or
    ~/.config, readable by you only, and expires after some hours. The
    password is asked for without echo.

    Examples:

      registry login --server https://registry.example.org --user alice
      pass show registry | registry login --user ci --password-stdin
      registry login --profile production --server registry.example.org
    """
    from registry.client import NotSignedIn

    server, profile = session.login_server, session.profile
    user = user or ask("User")
    password = read_password("Password", from_stdin=password_stdin)
    async with session.client(server=server) as client:
        try:
            token = await client.login(user, password)
        except NotSignedIn as error:
            raise CommandError(str(error), code=ExitCode.REFUSED) from error
    kept = SignedIn(user, token.access_token)
    session.configuration.with_session(server, kept, profile=profile).save(session.configuration_path)
    hours = token.expires_in_seconds / 3600
    session.output.say(f"Signed in to {server} as {user} for {hours:.1f} hours.")


async def logout(session: Session) -> None:
    """Sign out: the token is revoked and forgotten.

    Example:

      registry logout
    """
    from registry.client import NotSignedIn

    async with session.client() as client:
        try:
            await client.logout()
        except NotSignedIn:
            session.output.say("The token had expired.")
    configuration = session.configuration.with_session(session.server, None, profile=session.profile)
    configuration.save(session.configuration_path)


async def health(session: Session) -> None:
    """Show whether the registry and its components work.

    Exits with 6 when the registry cannot be reached or is not ready.

    Example:

      until registry health; do sleep 1; done
    """
    async with session.client() as client:
        alive = await client.health()
        readiness = await client.ready()
    if session.output.as_json:
        session.output.document({"ready": readiness.ready, **alive, **readiness.document})
    else:
        states = {"registry": f"{alive.get('status')} {alive.get('version', '')}", **_states(readiness.document)}
        session.output.members({**states, "ready": "yes" if readiness.ready else "no"})
    if not readiness.ready:
        raise CommandError(f"{session.server} is not ready", code=ExitCode.UNAVAILABLE)


def _states(document: "Mapping[str, Any]") -> dict[str, object]:
    components = document.get("components")
    if not isinstance(components, dict):
        return {}
    return {
        name: state.get("status", state) if isinstance(state, dict) else state for name, state in components.items()
    }
