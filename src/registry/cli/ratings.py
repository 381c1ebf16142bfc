"""`registry rate`, `recompute` and `license-check`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli.failures import CommandError, ExitCode
from registry.cli.packages import Reference, Type
from registry.cli.session import Session, command

_BAR_CELLS = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def register(app: typer.Typer) -> None:
    command(app, "rate")(rate)
    command(app, "license-check")(license_check)
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
    """Rate a package: eleven metrics, what each rests on, and the score they make.

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
        session.output.document(rating)
    else:
        session.output.text(f"{found.name} {found.version}")
        draw_rating(rating)


def draw_rating(rating: Mapping[str, Any]) -> None:
    """The metrics as bars with their evidence beneath, the net score below all, on the terminal."""
    from rich.console import Console
    from rich.text import Text

    from registry.cli.text import one_line

    console = Console(highlight=False)
    for name, metric in rating["metrics"].items():
        score = metric["score"]
        shown = f"{score:.2f}" if score is not None else "  – "
        colour = "dim" if score is None else "green" if score >= 0.7 else "yellow" if score >= 0.4 else "red"
        console.print(Text.assemble((f"{name:<19}", "bold"), (bar(score), colour), f" {shown}  × {metric['weight']:g}"))
        console.print(Text(f"    {one_line(str(metric['evidence']))}", style="dim"))
        if targets := metric.get("by_target"):
            told = ", ".join(f"{one_line(target)} {value:.2f}" for target, value in targets.items())
            console.print(Text(f"    {told}", style="dim"))
    for finding in rating["safety"]:
        told = f"{finding['severity']}: {finding['path']} ({finding['scanner']}): {finding['detail']}"
        console.print(Text(one_line(told), style="red" if finding["severity"] == "dangerous" else "dim"))
    net_score, (low, high) = rating["net_score"], rating["net_score_range"]
    score = "unknown" if net_score is None else f"{net_score:.2f}"
    partly = "; partial: sources failed, it is tried again" if rating["status"] == "partial" else ""
    console.print(
        Text.assemble(
            ("net score ", "bold"), (score, "bold"), f"  (from {low:.2f} to {high:.2f} by what is unknown{partly})"
        )
    )


def bar(score: float | None) -> str:
    """Twenty cells, filled to an eighth of a cell; dots where nothing is known."""
    if score is None:
        return "·" * _BAR_CELLS
    eighths = round(score * _BAR_CELLS * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR_CELLS)


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
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        answer = await client.ratings.license_check(found.id, license=license, url=url)
    if session.output.as_json:
        session.output.document(answer)
    else:
        session.output.members(
            {
                "compatible": "yes" if answer["compatible"] else "no",
                "package": answer["package_license"] or "unknown",
                "project": answer["project_license"] or "unknown",
                "because": answer["reason"],
            }
        )
    if not answer["compatible"]:
        raise typer.Exit(1)


def recompute(
    receipt: Annotated[Path, typer.Argument(help="A receipt, from: registry rate PACKAGE --receipt FILE.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Write JSON on a terminal too.")] = False,
) -> None:
    """Compute a rating again from its receipt, without a network, and compare. Exit code 1 when it differs."""
    from registry.cli.output import Output
    from registry.domain.errors import InvalidInput
    from registry.domain.ratings import rating_members
    from registry.rating.recompute import recompute as compute

    try:
        rating = compute(receipt.read_bytes())
    except (InvalidInput, OSError) as error:
        typer.echo(f"registry: {receipt}: {error}", err=True)
        raise typer.Exit(1) from None
    output, members = Output(as_json=json), rating_members(rating)
    if output.as_json:
        output.document(members)
    else:
        draw_rating(members)
        output.say("The receipt gives the rating that it states.")
