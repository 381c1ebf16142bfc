"""`registry profiles …`: several registries, or several users of one, by name."""

import os
import re
from collections.abc import Callable
from typing import Annotated

import typer

from registry.cli.configuration import Configuration, default_path
from registry.cli.failures import CommandError, ExitCode, fail
from registry.cli.output import Output
from registry.cli.text import one_line

PROFILE_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

ProfileName = Annotated[str, typer.Argument(metavar="PROFILE", help="Its name.")]


def register(app: typer.Typer) -> None:
    profiles = typer.Typer(help="Several registries, by name.", no_args_is_help=True)
    profiles.command("list")(list_profiles)
    profiles.command("use")(use)
    profiles.command("remove")(remove)
    app.add_typer(profiles, name="profiles")


def known(configuration: Configuration, profile: str) -> str:
    """The server of a profile. Raises CommandError that lists those that are there."""
    if profile in configuration.profiles:
        return configuration.profiles[profile]
    there = ", ".join(sorted(configuration.profiles)) or "none yet"
    raise CommandError(
        f"no profile {profile!r} (there are: {there}); make it by: "
        f"registry login --profile {one_line(profile)} --server URL",
        code=ExitCode.USAGE,
    )


def list_profiles(
    *, json: Annotated[bool, typer.Option("--json", help="Write JSON on a terminal too.")] = False
) -> None:
    """List the profiles; the one in use has a star.

    `registry login --profile NAME --server URL` makes one. --profile or
    $REGISTRY_PROFILE chooses one for a command.

    Example:

      registry profiles list
    """
    output = Output(as_json=json)
    try:
        configuration = Configuration.load(default_path(os.environ))
    except CommandError as error:
        fail(error)
    rows = []
    for name, server in sorted(configuration.profiles.items()):
        session = configuration.session_of(server, name)
        used = name == configuration.profile
        if output.as_json:
            output.document({"profile": name, "server": server, "user": session and session.user, "in_use": used})
        rows.append(("*" if used else "", name, server, session.user if session else "not signed in"))
    if not rows:
        output.nothing_found()
    elif not output.as_json:
        output.table(("", "PROFILE", "SERVER", "USER"), rows)


def use(profile: ProfileName) -> None:
    """Use a profile from now on.

    Example:

      registry profiles use production
    """
    _change(
        lambda configuration: configuration.with_session(
            known(configuration, profile),
            configuration.session_of(known(configuration, profile), profile),
            profile=profile,
        )
    )


def remove(profile: ProfileName) -> None:
    """Forget a profile and its token (`registry logout --profile NAME` also revokes the token).

    Example:

      registry profiles remove production
    """

    def without(configuration: Configuration) -> Configuration:
        known(configuration, profile)
        return configuration.without_profile(profile)

    _change(without)


def _change(change: Callable[[Configuration], Configuration]) -> None:
    path = default_path(os.environ)
    try:
        change(Configuration.load(path)).save(path)
    except (CommandError, OSError) as error:
        fail(error)
