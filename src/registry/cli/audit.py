"""`registry audit …`: one package's trail, and the log of all."""

import base64
import json
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from registry.cli.failures import CommandError, ExitCode, fail, usage_error
from registry.cli.output import Output
from registry.cli.packages import Reference, Type
from registry.cli.session import Session, command
from registry.domain.packages import AuditAction

if TYPE_CHECKING:
    from registry.domain.audit_log import Checkpoint

_TRAIL = "package"
_KEY_BYTES = 32


class _TrailByDefault(TyperGroup):
    """`registry audit PACKAGE` means `registry audit package PACKAGE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = [_TRAIL, *args]
        return super().resolve_command(ctx, args)


def register(app: typer.Typer) -> None:
    audit = typer.Typer(
        cls=_TrailByDefault,
        no_args_is_help=True,
        help="Show who did what to a PACKAGE; export, sign and verify the log of all packages (administrators).",
    )
    command(audit, _TRAIL)(show)
    command(audit, "export")(export)
    command(audit, "checkpoint")(checkpoint)
    command(audit, "proof")(proof)
    audit.command("verify")(verify)
    app.add_typer(audit, name="audit")


async def show(session: Session, *, package: Reference, type: Type = None) -> None:  # noqa: A002
    """Show who did what to a package, newest first.

    Example:

      registry audit acme/tiny@1.0.0
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        await session.output.listing(
            client.audit(found.id),
            columns=("AT", "USER", "ACTION", "REVISION", "SHA256"),
            row=lambda entry: (
                f"{entry.at:%Y-%m-%d %H:%M:%S}",
                entry.user or "(nobody)",
                entry.action,
                str(entry.revision),
                (entry.sha256 or "")[:12],
            ),
        )


async def export(
    session: Session,
    *,
    user: Annotated[str | None, typer.Option("--user", "-u", help="Only what this user did.")] = None,
    action: Annotated[AuditAction | None, typer.Option(help="Only this action.")] = None,
    package_id: Annotated[str | None, typer.Option(help="Only this package.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only this moment (UTC) and later.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only this moment (UTC) and earlier.")] = None,
) -> None:
    """Write the log of all packages, newest first, a JSON document a line.

    Without filters the export can be verified.

    Example:

      registry audit export > audit.jsonl && registry audit checkpoint > checkpoint.json
    """
    async with session.client() as client:
        entries = client.audit_log.export(
            user=user, action=action and action.value, package_id=package_id, since=since, until=until
        )
        async for entry in entries:
            session.output.document(entry)


async def checkpoint(session: Session) -> None:
    """Show the log's size and root, signed. Keep it on another machine.

    Later it shows that nothing that was in the log by now has been changed.

    Example:

      registry audit checkpoint > checkpoint-$(date +%F).json
    """
    async with session.client() as client:
        session.output.document(await client.audit_log.checkpoint())


async def proof(
    session: Session, *, position: Annotated[int, typer.Argument(min=0, help="The entry's position in the log.")]
) -> None:
    """Show an entry with what proves its place in the log, without the others.

    Example:

      registry audit proof 4711 > entry.json && registry audit verify --proof entry.json --checkpoint checkpoint.json
    """
    async with session.client() as client:
        session.output.document(await client.audit_log.prove(position))


def verify(
    export_file: Annotated[
        Path | None, typer.Argument(metavar="EXPORT", help="What `registry audit export` wrote; - for stdin.")
    ] = None,
    *,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", "-c", help="What `registry audit checkpoint` wrote. Repeatable: early ones too."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The log's public key, in base64, that you know; else the checkpoint's own.")
    ] = None,
    proof_file: Annotated[Path | None, typer.Option("--proof", help="What `registry audit proof` wrote.")] = None,
) -> None:
    """Verify the log, or one entry of it, against signed checkpoints. Needs no registry.

    Finds every entry that was altered, moved, or is missing. Exits with 7
    when anything is wrong.

    Examples:

      registry audit verify audit.jsonl --checkpoint checkpoint.json --key "$KEY"
      registry audit verify --proof entry.json --checkpoint checkpoint.json
    """
    try:
        if (export_file is None) == (proof_file is None):
            raise usage_error("name either an export or, by --proof, the proof of an entry")
        signed = [path.read_text(encoding="utf-8") for path in checkpoints or ()]
        if proof_file is not None:
            said = _verify_proof(json.loads(proof_file.read_text(encoding="utf-8")), signed, key)
        elif export_file is not None:
            said = _verify_export(export_file, [_checkpoint(text, key) for text in signed])
    except (KeyError, TypeError, ValueError) as error:
        fail(CommandError(f"this cannot be read as part of an audit log: {error}"))
    except (CommandError, OSError) as error:
        fail(error)
    Output().outcome(said, ok=True)


def _verify_export(path: Path, signed: "list[Checkpoint]") -> str:
    from registry.domain.audit_verification import ExportCheck

    if not signed:
        raise usage_error("name a signed checkpoint; without one an export proves nothing")
    check = ExportCheck()
    with _opened(path) as lines:
        for line in lines:
            check.take(json.loads(line))
    _refuse(check.findings(signed))
    largest = max(each.size for each in signed)
    beyond = check.size - largest + check.waiting
    return f"{largest} entries are as they were signed; {beyond} newer ones are under no checkpoint yet."


def _opened(path: Path) -> "Any":
    stdin: IO[str] = sys.stdin
    return nullcontext(stdin) if str(path) == "-" else path.open(encoding="utf-8")


def _verify_proof(document: dict[str, Any], signed: list[str], key: str | None) -> str:
    """Check an entry in the tree of the proof's own checkpoint, which must bear a signature of a key that is known.

    The log may have grown since a checkpoint was saved: a saved one gives the key, and its root is compared only
    where it has as many entries.
    """
    from registry.domain.audit_verification import entry_finding

    if not signed and key is None:
        raise usage_error("name a signed checkpoint, or the log's key")
    known = [_checkpoint(text, key) for text in signed]
    own = _checkpoint(document["checkpoint"], key or _public_key(signed[-1]))
    if any(each.size == own.size and each.root != own.root for each in known):
        _refuse([f"the log's tree of {own.size} entries was signed with two different roots"])
    if finding := entry_finding(document["entry"], document["proof"], own):
        _refuse([finding])
    return f"Entry {document['entry']['position']} is as it was signed, one of {own.size}."


def _public_key(text: str) -> str | None:
    """The key that the registry gave with a checkpoint; None for a note alone."""
    return str(json.loads(text)["public_key"]) if text.startswith("{") else None


def _checkpoint(text: str, key: str | None) -> "Checkpoint":
    """The checkpoint in a file: the JSON that the registry gave, or the note alone. Raises ValueError."""
    from registry.adapters.ed25519 import verify as verify_signature
    from registry.domain.audit_log import open_note

    note = json.loads(text)["note"] if text.startswith("{") else text
    if (known := key or _public_key(text)) is None:
        raise usage_error("name the log's public key by --key")
    public_key = base64.b64decode(known, validate=True)
    if len(public_key) != _KEY_BYTES:
        raise ValueError("a public key has 32 bytes, in base64")
    try:
        return open_note(note, public_key, verify_signature)
    except ValueError as error:
        raise CommandError(str(error), code=ExitCode.DIGEST_MISMATCH) from error


def _refuse(findings: list[str]) -> None:
    if not findings:
        return
    for finding in findings[:-1]:
        typer.echo(f"registry: {finding}", err=True)
    raise CommandError(findings[-1], code=ExitCode.DIGEST_MISMATCH)
