"""`registry safety`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from registry.cli.failures import CommandError, ExitCode
from registry.cli.output import Output
from registry.cli.packages import Reference, Type
from registry.cli.session import Session, command


def register(app: typer.Typer) -> None:
    command(app, "safety")(safety)


async def safety(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for a scan that is under way.")] = 60,
) -> None:
    """Show what could run code in a package, and what could not be read. Exit code 1 when it is dangerous.

    Examples:

      registry safety acme/tiny
      registry safety acme/tiny@1.0.0 --json | jq .status
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        verdict = await client.safety.get(found.id, wait_seconds=wait)
    if verdict is None:
        raise CommandError(
            "the content is being scanned; ask again, or give a longer --wait", code=ExitCode.UNAVAILABLE
        )
    if session.output.as_json:
        session.output.document(verdict.document)
    else:
        draw_verdict(f"{found.name} {found.version}", verdict.document, session.output)
    if verdict.status == "dangerous":
        raise typer.Exit(1)


def draw_verdict(package: str, verdict: Mapping[str, Any], output: Output) -> None:
    """The verdict with what it rests on: findings first, then what could not be read."""
    output.members(
        {
            "package": package,
            "verdict": verdict["status"].replace("_", " "),
            "read": f"{len(verdict['scanned']):,} files that can carry code",
            "scanned at": verdict["scanned_at"],
            "sha256": verdict["content_sha256"],
        }
    )
    rows = [(it["path"], it["level"], it["scanner"], it["detail"]) for it in verdict["findings"]]
    rows += [(it["path"], "not scanned", "", it["reason"]) for it in verdict["not_scanned"]]
    if rows:
        output.table(("FILE", "LEVEL", "SCANNER", "DETAIL"), rows)
