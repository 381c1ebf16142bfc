"""Setting up the storage backend at scale: the table and the bucket."""

from collections.abc import Sequence

import typer

from registry.cli.output import Output
from registry.cli.service import read_settings, run

tables = typer.Typer(no_args_is_help=True, help="The DynamoDB table (with REGISTRY_RECORDS=dynamodb).")
bucket = typer.Typer(no_args_is_help=True, help="The S3 bucket (with REGISTRY_BLOBS=s3).")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(tables, name="tables", rich_help_panel="Operate")
    app.add_typer(bucket, name="bucket", rich_help_panel="Operate")


@tables.command("create")
def create_table() -> None:
    """Make the table with its index and TTL, or complete an existing one. Exit code 1 when something is still wrong."""
    _set_up_table(create=True)


@tables.command("check")
def check_table() -> None:
    """Say what is wrong with the table. Exit code 1 when anything is."""
    _set_up_table(create=False)


@bucket.command("create")
def create_bucket() -> None:
    """Make the bucket and set what the registry needs. Exit code 1 when something is still wrong."""
    _set_up_bucket(create=True)


@bucket.command("check")
def check_bucket() -> None:
    """Say what is wrong with the bucket, and what its server lacks. Exit code 1 when anything is wrong."""
    _set_up_bucket(create=False)


def _set_up_table(*, create: bool) -> None:
    from registry.composition.scaled import set_up_table

    differences = run(set_up_table(read_settings(), create=create))
    _report([(line, False) for line in differences] or [("the table is as it must be", True)])


def _set_up_bucket(*, create: bool) -> None:
    from registry.composition.scaled import set_up_bucket

    _report(run(set_up_bucket(read_settings(), create=create)))


def _report(findings: Sequence[tuple[str, bool]]) -> None:
    """A line for each finding and whether it is as it must be; exit code 1 where one is not."""
    output = Output()
    for line, good in findings:
        output.outcome(line, ok=good)
    if not all(good for _, good in findings):
        raise typer.Exit(1)
