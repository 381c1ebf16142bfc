"""`registry users …`"""

from typing import Annotated

import typer

from registry.cli.failures import CommandError, usage_error
from registry.cli.output import Output
from registry.cli.prompts import confirm, read_password
from registry.cli.service import has_service, read_settings, run
from registry.cli.session import Session, command
from registry.domain.accounts import USER_NAME_PATTERN, Permission

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read passwords from stdin, one a line, instead of asking.")
]


def register(app: typer.Typer) -> None:
    users = typer.Typer(help="Show and change users (mostly for administrators).", no_args_is_help=True)
    command(users, "list")(list_users)
    command(users, "add")(add)
    command(users, "permissions")(permissions)
    command(users, "password")(password)
    command(users, "delete")(delete)
    if has_service():
        users.command()(recover)
    app.add_typer(users, name="users")


async def list_users(session: Session) -> None:
    """List every user with their permissions."""
    async with session.client() as client:
        await session.output.listing(
            client.users.list_all(),
            columns=("NAME", "PERMISSIONS", "SINCE"),
            row=lambda user: (user.name, ", ".join(user.permissions), f"{user.created_at:%Y-%m-%d}"),
        )


async def add(
    session: Session,
    *,
    name: Name,
    permission: Annotated[
        list[Permission] | None, typer.Option("--permission", "-p", help="What the user may do. Repeatable.")
    ] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Add a user.

    Examples:

      registry users add alice -p search -p download -p upload
      registry users add ci -p upload --password-stdin < password.txt
    """
    secret = read_password(f"Password of {name}", from_stdin=password_stdin, repeat=True)
    async with session.client() as client:
        user = await client.users.add(name, secret, permissions=permission or [])
    if session.output.as_json:
        session.output.document(user.document)
    session.output.say(f"Added {name}.")


async def permissions(
    session: Session,
    *,
    name: Name,
    permission: Annotated[list[Permission] | None, typer.Argument(help="All that the user may do from now on.")] = None,
) -> None:
    """Set what a user may do, from the next request on.

    Examples:

      registry users permissions alice search download
      registry users permissions mallory
    """
    async with session.client() as client:
        user = await client.users.set_permissions(name, permission or [])
    if session.output.as_json:
        session.output.document(user.document)
    else:
        session.output.members({user.name: ", ".join(user.permissions) or "nothing"})


async def password(
    session: Session,
    *,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The user's name; you when left out.")] = None,
    password_stdin: PasswordStdin = False,
    revoke_tokens: Annotated[bool, typer.Option("--revoke-tokens", help="End the user's API tokens too.")] = False,
) -> None:
    """Change a password; the user's sessions end.

    For your own you are asked for the present one first (on stdin: its line
    comes first).

    Examples:

      registry users password
      registry users password bob
    """
    target = name or session.user
    if target is None:
        raise usage_error("say whose password, or sign in first")
    own = target == session.user
    current = read_password("Present password", from_stdin=password_stdin) if own else None
    new = read_password(f"New password of {target}", from_stdin=password_stdin, repeat=True)
    async with session.client() as client:
        await client.users.set_password(target, new, current_password=current, revoke_tokens=revoke_tokens)
    if own:
        configuration = session.configuration.with_session(session.server, None, profile=session.profile)
        configuration.save(session.configuration_path)
        session.output.say("Changed. Your sessions have ended; `registry login` signs in again.")


async def delete(
    session: Session,
    *,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a user; their packages stay.

    Their tokens are revoked.

    Example:

      registry users delete bob --yes
    """
    confirm(f"Delete the user {name}?", yes=yes)
    async with session.client() as client:
        await client.users.delete(name)
    session.output.say(f"Deleted {name}.")


def recover(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Whom; REGISTRY_ADMIN_USERNAME when left out.")
    ] = None,
    *,
    password_stdin: PasswordStdin = False,
) -> None:
    """Make a user admin with a new password: the way back in, on the machine.

    Works on the stores that the settings name, so it needs no token. The
    user is made where there is none; tokens of one that is there end.

    Example:

      registry users recover admin
    """
    from registry.composition import open_registry

    settings = read_settings()
    wanted = name or settings.admin_username
    if not USER_NAME_PATTERN.fullmatch(wanted):
        raise typer.BadParameter("a user name has 1 to 64 of the characters A-Z a-z 0-9 . _ @ -")
    try:
        secret = read_password(f"New password of {wanted}", from_stdin=password_stdin, repeat=True)
    except CommandError as error:
        raise typer.BadParameter(str(error)) from None

    async def work() -> None:
        async with open_registry(settings) as running:
            account = await running.bootstrap.recover(wanted, secret)
            Output().outcome(f"{account.name} is admin and signs in with the new password.", name=account.name)

    run(work())
