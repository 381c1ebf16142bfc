"""`registry names …`, `owners`, `versions`, `alias …` and `release`"""

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.failures import usage_error
from registry.cli.output import Output
from registry.cli.service import has_service, read_settings, run
from registry.cli.session import Session, command
from registry.cli.text import one_line, score_text
from registry.domain.packages import PackageType

if TYPE_CHECKING:
    from registry.client import RegistryClient
    from registry.client.names import Name as FoundName

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name, such as acme/bert.")]
Type = Annotated[PackageType | None, typer.Option(help="What the name stands for; needed where several types have it.")]
AliasName = Annotated[str, typer.Argument(metavar="ALIAS", help="Such as prod.")]


def register(app: typer.Typer) -> None:
    names = typer.Typer(help="Show a name; check and migrate the names of a registry.", no_args_is_help=True)
    command(names, "show")(show)
    if has_service():
        names.command("check")(check)
        names.command("migrate")(migrate)
    app.add_typer(names, name="names")
    alias = typer.Typer(help="Move and drop aliases of versions.", no_args_is_help=True)
    command(alias, "set")(set_alias)
    command(alias, "unset")(unset_alias)
    app.add_typer(alias, name="alias")
    command(app, "owners")(owners)
    command(app, "versions")(versions)
    command(app, "release")(release)


async def _find(client: "RegistryClient", name: str, type: PackageType | None) -> "FoundName":  # noqa: A002
    """The name, of whatever type it is where none is given. Raises NotFound, and AmbiguousReference for several."""
    from registry.client import AmbiguousReference, NotFound, Problem
    from registry.client.resolving import explain_missing

    found = []
    for kind in (type,) if type else PackageType:
        try:
            found.append(await client.names.get(kind, name))
        except NotFound:
            continue
    if len(found) > 1:
        raise AmbiguousReference(f"{name} is a {' and a '.join(sorted(each.type for each in found))}; give the --type")
    if not found:
        detail = await explain_missing(client, name, type)
        raise NotFound(Problem(404, "not-found", "There is nothing here", detail))
    return found[0]


async def show(session: Session, *, name: Name, type: Type = None) -> None:  # noqa: A002
    """Show a name: its owners, latest version, aliases and downloads."""
    async with session.client() as client:
        found = await _find(client, name, type)
    if session.output.as_json:
        session.output.document(found.document)
        return
    aliases = ", ".join(f"{alias} → {version}" for alias, version in sorted(found.aliases.items()))
    session.output.members(
        {
            "name": found.name,
            "type": found.type,
            "visibility": found.visibility,
            "owners": ", ".join(found.owners),
            "latest": found.latest,
            "aliases": aliases,
            "downloads": found.downloads,
        }
    )


async def versions(session: Session, *, name: Name, type: Type = None) -> None:  # noqa: A002
    """List the versions of a name, newest first."""
    from collections.abc import AsyncIterator

    from registry.client.names import Version

    async with session.client() as client:

        async def walk() -> AsyncIterator[Version]:
            found = await _find(client, name, type)
            while True:
                for version in found.versions:
                    yield version
                if found.next_cursor is None:
                    return
                found = await client.names.get(found.type, name, cursor=found.next_cursor)

        await session.output.listing(
            walk(),
            columns=("VERSION", "STATUS", "SINCE", "NET SCORE", "ID"),
            row=lambda each: (
                each.version,
                each.status,
                each.created_at[:10],
                score_text(each.net_score, each.net_score_range),
                each.id,
            ),
        )


async def owners(
    session: Session,
    *,
    name: Name,
    type: Type = None,  # noqa: A002
    add: Annotated[list[str] | None, typer.Option(metavar="USER", help="Add an owner. Repeatable.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="USER", help="Remove an owner. Repeatable.")] = None,
) -> None:
    """Show the owners of a name, or add and remove some.

    Examples:

      registry owners acme/bert
      registry owners acme/bert --add bob --remove alice
    """
    async with session.client() as client:
        found = await _find(client, name, type)
        if add or remove:
            wanted = [*(user for user in found.owners if user not in (remove or ())), *(add or ())]
            found = await client.names.set_owners(found.type, name, dict.fromkeys(wanted), etag=found.etag)
    if session.output.as_json:
        session.output.document({"name": found.name, "type": found.type, "owners": list(found.owners)})
    else:
        for owner in found.owners:
            typer.echo(one_line(owner))


async def set_alias(
    session: Session,
    *,
    name: Name,
    alias: AliasName,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Where it leads: 1.2.0, or latest.")],
    type: Type = None,  # noqa: A002
) -> None:
    """Have an alias lead to a version.

    Example:

      registry alias set acme/bert prod 1.2.0
    """
    async with session.client() as client:
        found = await _find(client, name, type)
        moved = await client.names.set_alias(found.type, name, alias, version)
    if session.output.as_json:
        session.output.document(moved.document)
    session.output.say(f"{name}@{alias} is {moved.version} now.")


async def unset_alias(
    session: Session,
    *,
    name: Name,
    alias: AliasName,
    type: Type = None,  # noqa: A002
) -> None:
    """Drop an alias."""
    async with session.client() as client:
        found = await _find(client, name, type)
        await client.names.unset_alias(found.type, name, alias)
    session.output.say(f"{name} has no alias {alias} any more.")


async def release(
    session: Session,
    *,
    packages: Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of 1 to 50 drafts.")],
    alias: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE/NAME:ALIAS=VERSION", help="Move an alias with the release. Repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what stands against it.")] = False,
) -> None:
    """Make drafts active and move aliases, all at once or not at all.

    Example:

      registry release 01934d2e-8a5c-7c3e-9f5a-3b1c2d4e5f60 --alias model/acme/bert:prod=2.0.0
    """
    moves: dict[str, dict[str, str]] = {}
    for text in alias or ():
        name, colon, move = text.rpartition(":")
        key, equals, version = move.partition("=")
        if not (colon and equals and name and key and version):
            raise usage_error(f"not TYPE/NAME:ALIAS=VERSION: {text}")
        moves.setdefault(name, {})[key] = version
    async with session.client() as client:
        done = await client.names.release(packages, aliases=moves, dry_run=dry_run)
    if session.output.as_json:
        session.output.document(done.document)
    elif dry_run:
        for key, reason in done.reasons.items():
            typer.echo(one_line(f"{key}: {reason}"))
        session.output.say("The release is possible." if done.possible else "The release is not possible.")
    else:
        session.output.say(f"Released {len(done.packages)} packages.")


def check() -> None:
    """List conflicts of names in the stores of this machine's settings. Exit code 1 when there are any.

    They are look-alikes of different owners, and versions by others than the owners.
    """
    from registry.composition import open_registry

    output = Output()

    async def work() -> int:
        async with open_registry(read_settings()) as running:
            conflicts = await running.services.names.find_conflicts()
        for conflict in conflicts:
            output.outcome(f"{', '.join(conflict.names)}: {conflict.detail}", names=list(conflict.names))
        return len(conflicts)

    if run(work()):
        raise typer.Exit(1)
    output.outcome("no conflicts", names=[])


def migrate() -> None:
    """Record the owners of names that an earlier edition published: who published first. A start does it, too."""
    from registry.composition import open_registry

    async def work() -> int:
        async with open_registry(read_settings()) as running:
            return await running.services.names.migrate()

    recorded = run(work())
    Output().outcome(f"{recorded} names recorded", recorded=recorded)
