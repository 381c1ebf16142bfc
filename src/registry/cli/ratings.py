"""`registry rate`, `recompute` and `license-check`."""

from pathlib import Path
from typing import Annotated

import typer

from registry.cli.failures import CommandError, ExitCode, usage_error
from registry.cli.packages import Reference, Type
from registry.cli.rating_drawing import draw_rating
from registry.cli.service import has_service
from registry.cli.session import Session, command


def register(app: typer.Typer) -> None:
    command(app, "rate")(rate)
    command(app, "license-check")(license_check)
    if has_service():
        app.command(rich_help_panel="Rate")(recompute)


async def rate(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for a rating that is being made.")] = 60,
    again: Annotated[bool, typer.Option("--again", help="Rate anew, though there is a rating.")] = False,
    receipt: Annotated[
        Path | None, typer.Option(help="Also keep the receipt in this file, for: registry recompute FILE.")
    ] = None,
) -> None:
    """Rate a package: twelve metrics, what each rests on, and the score they make.

    Examples:

      registry rate acme/tiny
      registry rate acme/tiny --json | jq .net_score
      registry rate acme/tiny --receipt receipt.json
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        if again:
            rating = await client.ratings.again(found.id, wait_seconds=wait)
        else:
            rating = await client.ratings.get(found.id, wait_seconds=wait)
        if rating is None:
            raise CommandError(
                "the rating is being made; ask again, or give a longer --wait", code=ExitCode.UNAVAILABLE
            )
        if receipt is not None:
            receipt.write_bytes(await client.ratings.receipt(found.id))
    if session.output.as_json:
        session.output.document(rating.document)
    else:
        session.output.text(f"{found.name} {found.version}")
        draw_rating(rating.document)


async def license_check(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    license: Annotated[str | None, typer.Option(help="SPDX expression of the project's license.")] = None,  # noqa: A002
    url: Annotated[str | None, typer.Option(help="The project's GitHub or Hugging Face repository.")] = None,
) -> None:
    """Tell whether a project may use a package (fine-tune it, run it). Exit code 1 when it may not.

    Examples:

      registry license-check acme/tiny --license GPL-3.0-only
      registry license-check acme/tiny --url https://github.com/acme/app
    """
    if (license is None) == (url is None):
        raise usage_error("give the project's --license or its --url")
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        answer = await client.ratings.license_check(found.id, license=license, url=url)
    if session.output.as_json:
        session.output.document(answer.document)
    else:
        session.output.members(
            {
                "compatible": "yes" if answer.compatible else "no",
                "package": answer.package_license or "unknown",
                "project": answer.project_license or "unknown",
                "because": answer.reason,
            }
        )
    if not answer.compatible:
        raise typer.Exit(1)


def recompute(
    receipts: Annotated[
        list[Path], typer.Argument(metavar="RECEIPT...", help="Receipts, from: registry rate PACKAGE --receipt FILE.")
    ],
    *,
    json: Annotated[bool, typer.Option("--json", help="Write JSON on a terminal too, a document a line.")] = False,
) -> None:
    """Compute ratings again from their receipts, without a network, and compare. Exit code 1 when one differs.

    Examples:

      registry recompute receipt.json
      registry recompute receipts/*.json
    """
    from registry.cli.output import Output
    from registry.domain.errors import InvalidInput
    from registry.domain.ratings import rating_members
    from registry.rating.recompute import recompute as compute

    output, differ = Output(as_json=json), False
    for receipt in receipts:
        try:
            members = rating_members(compute(receipt.read_bytes()))
        except (InvalidInput, OSError) as error:
            typer.echo(f"registry: {receipt}: {error}", err=True)
            differ = True
            continue
        if output.as_json:
            output.document(members)
        elif len(receipts) == 1:
            draw_rating(members)
            output.say("The receipt gives the rating that it states.")
        else:
            score, (low, high) = members["net_score"], members["net_score_range"]
            text = "unknown" if score is None else f"{score:.6g} ({low:.6g}–{high:.6g})"
            output.text(f"{receipt}: {text}, as it states")
    if differ:
        raise typer.Exit(1)
