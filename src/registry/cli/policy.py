"""`registry policy`: validate a policy file, and see what it would have refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.output import Output
from registry.cli.service import read_settings, run

if TYPE_CHECKING:
    from registry.domain.policy import Policy
    from registry.services.policy.replay import Replayed

policy = typer.Typer(no_args_is_help=True, help="What is demanded of packages before they are served (docs/policy.md).")
PolicyFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A policy in TOML.", exists=True, dir_okay=False, readable=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, also on a terminal.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    policy.command()(check)
    policy.command()(replay)
    app.add_typer(policy, name="policy", rich_help_panel="Operate")


def _read(path: Path) -> "Policy":
    """The policy; where it is not valid, a line for each fault and exit code 1."""
    from registry.domain.errors import InvalidInput
    from registry.formats.policy_files import read_policy

    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        typer.echo(f"registry: {path} is not UTF-8", err=True)
    except InvalidInput as error:
        for fault in error.errors:
            typer.echo(f"registry: {path}{f' {fault.pointer}' if fault.pointer else ''}: {fault.detail}", err=True)
    raise typer.Exit(1)


def check(file: PolicyFile) -> None:
    """Validate a policy file. Exit code 1, with a line for each fault, when it cannot be used.

    Waivers that have expired are named: the rules hold again for what they were for.
    """
    found, output = _read(file), Output()
    for waiver in found.waivers:
        if waiver.expires_at <= datetime.now(UTC):
            output.outcome(f"expired: {waiver.package} {waiver.version or '(all versions)'}: {waiver}")
    counts = {"rules": len(found.rules), "waivers": len(found.waivers)}
    output.outcome(f"{counts['rules']} rules, {counts['waivers']} waivers: valid", **counts)


def replay(
    file: PolicyFile,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days of the audit trail to read.")] = 30,
    *,
    as_json: AsJson = False,
) -> None:
    """List what a policy refuses of the catalogue, and which downloads it would have refused, for whom and why.

    Nothing is changed. Reads the stores of this machine's settings.

    Example:

      registry policy replay policy.toml --days 30
    """
    from registry.composition import open_registry

    found, output = _read(file), Output(as_json=as_json)

    async def work() -> "list[Replayed]":
        async with open_registry(read_settings()) as running:
            return [each async for each in running.services.policy_replay.run(found, since=timedelta(days=days))]

    replayed = run(work())
    if output.as_json:
        for each in replayed:
            output.document(_document(each))
        return
    output.table(
        ("ID", "PACKAGE", "NOW", "WHY", f"DOWNLOADS IN {days} DAYS"),
        [(each.package.id, _name(each), _now(each), _why(each), _readers(each)) for each in replayed],
    )


def _name(each: "Replayed") -> str:
    return f"{each.package.type.value} {each.package.name} {each.package.version}"


def _now(each: "Replayed") -> str:
    if each.refusals:
        return "refused"
    return "waived" if each.waivers else "served"


def _why(each: "Replayed") -> str:
    reasons = dict.fromkeys((*each.refusals, *each.reasons))
    texts = [f"{refusal.reason} (rule {refusal.rule})" for refusal in reasons]
    return "; ".join([*texts, *map(str, each.waivers)])


def _readers(each: "Replayed") -> str:
    return ", ".join(f"{user or '(anonymous)'} {count}" for user, count in sorted(each.downloads.items(), key=str))


def _document(each: "Replayed") -> dict[str, Any]:
    package = each.package
    return {
        "id": package.id,
        "type": package.type.value,
        "name": package.name,
        "version": str(package.version),
        "now": _now(each),
        "refusals": [{"rule": refusal.rule, "reason": refusal.reason} for refusal in each.refusals],
        "waivers": [str(waiver) for waiver in each.waivers],
        "downloads": [
            {"user": user, "count": count} for user, count in sorted(each.downloads.items(), key=lambda it: str(it[0]))
        ],
        "download_refusals": [{"rule": refusal.rule, "reason": refusal.reason} for refusal in each.reasons],
    }
