"""`registry publish` and `registry update`: what a package says of itself comes from options."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.failures import usage_error
from registry.cli.metadata import checked, file_to_send, normalised_license
from registry.cli.output import shown_progress
from registry.cli.session import Session, command
from registry.domain.packages import Dependency, PackageStatus, PackageType
from registry.domain.versions import split_reference

if TYPE_CHECKING:
    from registry.client import Package, RegistryClient

_POLL_SECONDS = 0.5

ReadmeFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A Markdown file to be its README.")]


def register(app: typer.Typer) -> None:
    command(app, "publish")(publish)
    command(app, "update")(update)


def parse_dependency(text: str) -> Dependency:
    """Read `relation:name[@range]`. Raises CommandError."""
    from registry.client.checking import RELATIONS

    relation, colon, reference = text.partition(":")
    if not (relation and colon and reference):
        raise usage_error(
            f"{text!r} is no dependency; write RELATION:NAME or RELATION:NAME@RANGE, "
            f"where RELATION is {', '.join(RELATIONS)} or another word"
        )
    name, version = split_reference(reference)
    before, at, after = reference.rpartition("@")
    if version is None and before and at and "/" not in after:
        raise usage_error(f"{text!r}: {after!r} is no range; write 1.2.3, 1.2.3-2.1.0, ~1.2.0 or ^1.2.0 after the @")
    return Dependency(relation, name, version)


async def publish(
    session: Session,
    *,
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", exists=True, allow_dash=True, help="The file, or a folder; - for stdin."),
    ] = None,
    filename: Annotated[str | None, typer.Option(help="With -: what the file is called.")] = None,
    name: Annotated[str, typer.Option(help="The package's name; / is allowed.")],
    version: Annotated[str, typer.Option(help="A semantic version, such as 1.2.3 or 2.0.0-rc.1.")],
    type: Annotated[PackageType, typer.Option(help="What it is.")],  # noqa: A002 – the option's name
    description: Annotated[str | None, typer.Option(help="One line on what it is for.")] = None,
    license: Annotated[str | None, typer.Option(help="An SPDX expression, such as Apache-2.0.")] = None,  # noqa: A002
    tag: Annotated[list[str] | None, typer.Option(help="A word to find it by. Repeatable.")] = None,
    depends: Annotated[
        list[str] | None,
        typer.Option(metavar="RELATION:NAME@RANGE", help="What it is made from; @RANGE may be left out. Repeatable."),
    ] = None,
    readme: ReadmeFile = None,
    url: Annotated[str | None, typer.Option(help="Let the registry fetch the file, or repository, from here.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Send only what an interrupted upload of this file left out.")
    ] = True,
    status: Annotated[
        PackageStatus | None, typer.Option(help="active, deprecated, or draft: seen by owners only until its release.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="With --url: wait until the registry has fetched it.")] = False,
) -> None:
    r"""Publish a file, or a folder, as one version of a package.

    The registry checks what arrives by its SHA-256. When the connection
    breaks the file is sent again, and still published once. A file above
    64 MiB goes in parts: whatever stopped it, the same command goes on
    where it ended (--no-resume begins again). With --url and no file the
    registry fetches it by itself: the package is pending until
    then, and --wait shows how far it is and fails (exit code 5) when the
    registry gives up. With both, the URL is kept as the origin. What no
    option says is read from the archive where it can be.

    A folder is packed as a zip whose bytes depend on its files alone.
    Left out are .git, caches of Python and the like, and what the patterns
    in its .registryignore name (as in .gitignore).

    Examples:

      registry publish tiny/ --name acme/tiny --version 1.0.0 --type model
      registry publish tiny.zip --name acme/tiny --version 1.0.0 --type model
      registry publish tuned.zip --name acme/tuned --version 1.0.0 \
        --type model --license MIT --depends base_model:acme/tiny@^1.0.0
      tar -c model | registry publish - --filename model.tar \
        --name acme/tiny --version 1.2.0 --type model
      registry publish --url https://huggingface.co/acme/tiny \
        --name acme/tiny --version 1.1.0 --type model
    """
    from registry.client import NewPackage

    if path is None and url is None:
        raise usage_error("name a file to publish, or a --url to fetch it from")
    new_package = NewPackage(
        name,
        version,
        type,
        description=description,
        license=normalised_license(license),
        tags=tuple(tag or ()),
        source_url=url,
        dependencies=tuple(parse_dependency(text) for text in depends or ()),
        readme=_read(readme),
        status=status,
    )
    checked(new_package)
    async with session.client() as client:
        if path is None:
            package = await client.ingest(new_package)
            if wait:
                package = await _settled(session, client, package)
        else:
            with (
                file_to_send(path, filename or f"{name.rpartition('/')[2]}-{version}") as path,
                shown_progress() as progress,
            ):
                package = await client.publish(path, new_package, resume=resume, progress=progress)
    _show(session, package)
    if package.content and package.content.size == 0:
        session.output.say("The file is empty: the package has no bytes.")


async def _settled(session: Session, client: "RegistryClient", package: "Package") -> "Package":
    """The package once the registry has fetched it. Raises Conflict when it gave up."""
    from registry.client import Conflict, Problem

    reported = None
    while package.status == PackageStatus.PENDING:
        if package.status_reason not in (None, reported):
            reported = package.status_reason
            session.output.say(f"{package.name}: {reported}")
        await asyncio.sleep(_POLL_SECONDS)
        package = await client.get(package.id)
    if package.status == PackageStatus.FAILED:
        reason = package.status_reason or "the registry does not say why"
        raise Conflict(Problem(409, "ingest-failed", "The registry could not fetch it", f"{package.name}: {reason}"))
    return package


async def update(
    session: Session,
    *,
    package: Annotated[
        str, typer.Argument(metavar="PACKAGE", help="An id, a name (its latest version) or name@version.")
    ],
    status: Annotated[PackageStatus | None, typer.Option(help="active, deprecated; admins also quarantined.")] = None,
    description: Annotated[str | None, typer.Option(help="The new description.")] = None,
    license: Annotated[str | None, typer.Option(help="An SPDX expression; empty for none.")] = None,  # noqa: A002
    tag: Annotated[list[str] | None, typer.Option(help="All tags from now on. Repeatable; empty for none.")] = None,
    readme: ReadmeFile = None,
) -> None:
    """Change what a package says of itself.

    What is not named stays, and so does the content. Nothing is changed
    (exit code 5) when somebody else changed the package meanwhile.

    Examples:

      registry update acme/tiny@1.0.0 --status deprecated
      registry update acme/tiny --description "Smaller" --tag nlp --tag en
    """
    given: dict[str, object | None] = {
        "status": status,
        "description": description,
        "license": normalised_license(license),
        "tags": None if tag is None else [word for word in tag if word],
        "readme": _read(readme),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise usage_error("say what to change, such as --status deprecated")
    if license == "":
        changes["license"] = None
    async with session.client() as client:
        found = await client.resolve(package)
        changed = await client.update(found.id, changes, etag=found.etag)
    _show(session, changed)


def _read(readme: Path | None) -> str | None:
    try:
        return None if readme is None else readme.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise usage_error(f"{readme} is not text in UTF-8") from error


def _show(session: Session, package: "Package") -> None:
    if session.output.as_json:
        session.output.document(package.document)
        return
    members = {"id": package.id, "name": package.name, "version": package.version, "status": package.status}
    if package.content:
        members["sha256"] = package.content.sha256
    session.output.members(members)
