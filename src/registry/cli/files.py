"""`registry files` and `registry download`: the files in a package, and fetching them."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.destinations import STDOUT, destination, write_to_stdout
from registry.cli.failures import CommandError, ExitCode, usage_error
from registry.cli.output import shown_progress
from registry.cli.packages import Reference, Type
from registry.cli.session import Session, command
from registry.cli.text import size_text

if TYPE_CHECKING:
    from registry.cli.destinations import Fetch
    from registry.client import Package, PackageFile, Progress, RegistryClient

_PARTS = ("weights", "dataset", "code", "docs")


def register(app: typer.Typer) -> None:
    command(app, "files")(files)
    command(app, "download")(download)


async def files(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    prefix: Annotated[str, typer.Option(help="Only paths that begin with this.")] = "",
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait while the list is being made.")] = 60,
) -> None:
    """List the files in a package, in the order of their paths.

    PART is what a file counts as: weights, dataset, code or docs.

    Examples:

      registry files acme/tiny
      registry files acme/tiny@1.0.0 --prefix data/ --json | jq -r .sha256
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        await session.output.listing(
            client.files.list(found.id, prefix=prefix, wait_seconds=wait),
            columns=("PATH", "SIZE", "PART", "SHA256"),
            row=_row,
        )


async def download(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="A file, a folder (FOLDER/ is made), or - for stdout.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace a file that is there.")] = False,
    file: Annotated[
        str | None, typer.Option(metavar="PATH", help="Only this file, as `registry files` lists it.")
    ] = None,
    part: Annotated[str | None, typer.Option(help="Only weights, dataset, code or docs, as a zip.")] = None,
) -> None:
    """Download a package's content, or some of its files, and check the SHA-256.

    What came before an interruption is kept in FILE.registry-part and not
    fetched again. The file appears under its name only when its digest is
    right (else exit code 7). With -o - the bytes go to stdout once they are
    checked; they are fetched to a temporary file first.

    Examples:

      registry download acme/tiny@1.0.0
      registry download acme/tiny --output models/
      registry download acme/tiny -o - | tar -x
      registry download acme/tiny --file config.json
      registry download acme/tiny --part weights
    """
    from registry.client import file_sha256

    if file is not None and part is not None:
        raise usage_error("give --file or --part, not both")
    if part is not None and part not in _PARTS:
        raise usage_error(f"{part!r} is no part; give {', '.join(_PARTS)}")
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        wanted = await _wanted(client, found, file, part)
        if output == STDOUT:
            await write_to_stdout(wanted.fetch)
            return
        path = destination(wanted.name, output, otherwise=f"{found.name}-{found.version}")
        with shown_progress() as progress:
            if path.exists() and not force:
                if not wanted.sha256 or await file_sha256(path, progress=progress) != wanted.sha256:
                    raise CommandError(
                        f"{path} exists and is another file; --force replaces it", code=ExitCode.CONFLICT
                    )
                session.output.say(f"{path} is there already; its SHA-256 is checked.")
            else:
                await wanted.fetch(path, progress)
        digest = wanted.sha256 or await file_sha256(path)
    if session.output.as_json:
        session.output.document({"id": found.id, "path": str(path), "sha256": digest})
    else:
        session.output.members({"file": str(path), "sha256": digest})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Bytes to fetch: what they are called, and their SHA-256 where it is known (else empty)."""

    name: str
    sha256: str
    fetch: "Fetch"


async def _wanted(client: "RegistryClient", package: "Package", file: str | None, part: str | None) -> _Wanted:
    async def fetch_content(path: Path, progress: "Progress") -> None:
        await client.download(package, path, progress=progress)

    async def fetch_part(path: Path, progress: "Progress") -> None:
        await client.files.download_part(package, part or "", path, progress=progress)

    content = package.content
    if file is not None:
        return await _wanted_file(client, package, file)
    if part is not None:
        stem = PurePosixPath(content.filename).stem if content else package.name
        return _Wanted(f"{stem}-{part}.zip", "", fetch_part)
    return _Wanted(content.filename if content else "", content.sha256 if content else "", fetch_content)


async def _wanted_file(client: "RegistryClient", package: "Package", path: str) -> _Wanted:
    from registry.client import NotFound, Problem

    found = await client.files.find(package.id, path)
    if found is None:
        detail = f"{package.name} {package.version} has no file {path}; `registry files` lists them"
        raise NotFound(Problem(404, "not-found", "There is no such file", detail))

    async def fetch(target: Path, progress: "Progress") -> None:
        await client.files.download(package, found, target, progress=progress)

    return _Wanted(PurePosixPath(path).name, found.sha256, fetch)


def _row(file: "PackageFile") -> tuple[str, str, str, str]:
    return file.path, size_text(file.size), file.part or "", file.sha256
