"""`registry tokens …` and `registry whoami`"""

import re
from typing import Annotated

import typer

from registry.cli.failures import usage_error
from registry.cli.session import Session, command
from registry.domain.accounts import Permission

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def register(app: typer.Typer) -> None:
    tokens = typer.Typer(help="Make, list and revoke API tokens for programs.", no_args_is_help=True)
    command(tokens, "create")(create)
    command(tokens, "list")(list_tokens)
    command(tokens, "revoke")(revoke)
    app.add_typer(tokens, name="tokens")
    command(app, "whoami")(whoami)


async def create(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.")],
    permission: Annotated[
        list[Permission], typer.Option("--permission", "-p", help="What it may do, at most what you may. Repeatable.")
    ],
    packages: Annotated[
        list[str] | None,
        typer.Option(help="Names that it sees and may publish, such as 'acme/*'; all when left out. Repeatable."),
    ] = None,
    expires_in: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long it lives: 3600, 90m, 12h, 30d; for ever when left out.")
    ] = None,
) -> None:
    """Make an API token. It is shown once: keep it now.

    Alone on stdout, so that it can go to where it is needed.

    Examples:

      registry tokens create "ci of acme" -p upload -p search --packages 'acme/*' --expires-in 90d
      registry tokens create notebook -p search -p download | keyring set registry https://registry.example.org
    """
    seconds = None if expires_in is None else _seconds(expires_in)
    async with session.client() as client:
        made = await client.tokens.create(name, permission, packages=packages or None, expires_in_seconds=seconds)
    if session.output.wants_json:
        session.output.document(made.document)
    else:
        typer.echo(made.token)
    session.output.say("It is not shown again. `registry tokens list` shows what it may do.")


async def list_tokens(
    session: Session,
    *,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Whose; for administrators.")] = None,
) -> None:
    """List your API tokens, newest first.

    When one was last used may be five minutes late.
    """
    async with session.client() as client:
        await session.output.listing(
            client.tokens.list_all(user=user),
            columns=("ID", "NAME", "BEGINS", "PERMISSIONS", "PACKAGES", "EXPIRES", "LAST USED"),
            row=lambda token: (
                token.id,
                token.name,
                f"{token.prefix}…",
                ", ".join(token.permissions),
                ", ".join(token.packages),
                f"{token.expires_at:%Y-%m-%d %H:%M}" if token.expires_at else "never",
                f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never",
            ),
        )


async def revoke(
    session: Session,
    *,
    token_id: Annotated[list[str], typer.Argument(metavar="ID...", help="The ids, as `registry tokens list` shows.")],
) -> None:
    """Revoke API tokens, from the next request on.

    Example:

      registry tokens revoke 01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60
    """
    async with session.client() as client:
        for each in token_id:
            await client.tokens.revoke(each)
            session.output.say(f"Revoked {each}.")


async def whoami(session: Session) -> None:
    """Show who the token speaks for, and what it may do."""
    async with session.client() as client:
        identity = await client.whoami()
    if session.output.as_json:
        session.output.document(identity.document)
        return
    session.output.members(
        {
            "name": identity.name,
            "permissions": ", ".join(identity.permissions) or "nothing",
            "token": identity.kind,
            "packages": ", ".join(identity.packages),
            "expires": f"{identity.expires_at:%Y-%m-%d %H:%M} UTC" if identity.expires_at else "never",
        }
    )


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,9})([smhd]?)", text)
    if found is None:
        raise usage_error(f"not a time: {text}; write 3600, 90m, 12h or 30d")
    return int(found[1]) * _SECONDS[found[2] or "s"]
