"""`registry rate`, `recompute`, `receipt-keys` and `license-check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.failures import CommandError, ExitCode, fail, usage_error
from registry.cli.packages import Reference, Type
from registry.cli.rating_drawing import draw_rating
from registry.cli.service import has_service
from registry.cli.session import Session, command

if TYPE_CHECKING:
    from registry.rating.recompute import Verifier


def register(app: typer.Typer) -> None:
    command(app, "rate")(rate)
    command(app, "license-check")(license_check)
    command(app, "receipt-keys")(receipt_keys)
    if has_service():
        app.command(rich_help_panel="Rate")(recompute)


async def rate(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for a rating that is being made.")] = 60,
    again: Annotated[bool, typer.Option("--again", help="Rate again, though there is a rating.")] = False,
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
    """Show whether a project may use a package (fine-tune it, run it). Exit code 1 when it may not.

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


async def receipt_keys(session: Session) -> None:
    """Show the public keys that check the registry's receipts, as a JWK set. Keep them on another machine.

    Example:

      registry receipt-keys > keys.json && registry recompute receipt.json --key keys.json
    """
    async with session.client() as client:
        session.output.document(await client.ratings.receipt_keys())


def recompute(
    receipts: Annotated[
        list[Path], typer.Argument(metavar="RECEIPT...", help="Receipts, from: registry rate PACKAGE --receipt FILE.")
    ],
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(help="The registry's public keys: a file from `registry receipt-keys`, or one key in base64."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON on a terminal too, a document a line.")] = False,
) -> None:
    """Check receipts and compute their ratings again, without a network.

    Checks the signature (by --key), every digest, and every number. Exits with 7 when one of them
    is wrong, with 1 when a file is no receipt, or one of another formula version.

    Examples:

      registry recompute receipt.json --key keys.json
      registry recompute receipts/*.json
    """
    from registry.cli.output import Output
    from registry.domain.errors import InvalidInput
    from registry.domain.ratings import rating_members
    from registry.domain.receipts import ReceiptTampered
    from registry.rating.recompute import recompute as compute

    output, code, computed = Output(as_json=json), 0, 0
    try:
        verifier = _verifier(key or [])
    except (InvalidInput, OSError) as error:
        fail(CommandError(f"--key: {error}", code=ExitCode.USAGE))
    for receipt in receipts:
        try:
            found = compute(receipt.read_bytes(), verifier)
        except (InvalidInput, OSError) as error:
            typer.echo(f"registry: {receipt}: {error}", err=True)
            wrong = ExitCode.DIGEST_MISMATCH if isinstance(error, ReceiptTampered) else ExitCode.FAILED
            code = max(code, wrong)
            continue
        computed += 1
        members = rating_members(found.rating)
        if output.as_json:
            output.document(members)
        elif len(receipts) == 1:
            draw_rating(members)
            output.say("The receipt gives the rating that it states.")
        else:
            score, (low, high) = members["net_score"], members["net_score_range"]
            text = "unknown" if score is None else f"{score:.6g} ({low:.6g}–{high:.6g})"
            output.text(f"{receipt}: {text}, as it states")
        if found.signed_by is not None and not output.as_json:
            output.say(f"Signed by {found.signed_by}.")
    if computed and verifier is None:
        typer.echo("registry: signatures were not checked: give the registry's keys by --key", err=True)
    if code:
        raise typer.Exit(code)


def _verifier(given: list[str]) -> "Verifier | None":
    """The keys of all `--key`, None without one. Raises InvalidInput, OSError."""
    from registry.adapters.ed25519 import verify
    from registry.domain.receipt_keys import read_keys
    from registry.rating.recompute import Verifier

    keys: dict[str, bytes] = {}
    for each in given:
        keys |= read_keys(Path(each).read_text(encoding="utf-8") if Path(each).is_file() else each)
    return Verifier(keys, verify) if given else None
