"""Setting up the stores of the home at scale: the table and the bucket."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from registry.settings import Settings

tables = typer.Typer(no_args_is_help=True, help="The DynamoDB table (with REGISTRY_RECORDS=dynamodb).")
bucket = typer.Typer(no_args_is_help=True, help="The S3 bucket (with REGISTRY_BLOBS=s3).")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(tables, name="tables", rich_help_panel="Operate")
    app.add_typer(bucket, name="bucket", rich_help_panel="Operate")


@tables.command("create")
def create_table() -> None:
    """Make the table with its index and TTL, or complete one that is there. Exit code 1 when it stays different."""
    _set_up_table(create=True)


@tables.command("check")
def check_table() -> None:
    """Tell what of the table is not as it must be. Exit code 1 when anything is."""
    _set_up_table(create=False)


@bucket.command("create")
def create_bucket() -> None:
    """Make the bucket and set what the registry needs. Exit code 1 when it stays different."""
    _set_up_bucket(create=True)


@bucket.command("check")
def check_bucket() -> None:
    """Tell what of the bucket is not as it must be, and what its server lacks. Exit code 1 when anything is wrong."""
    _set_up_bucket(create=False)


def _set_up_table(*, create: bool) -> None:
    from registry.composition.scaled import set_up_table

    async def work(settings: "Settings") -> bool:
        differences = await set_up_table(settings, create=create)
        for line in differences or ["the table is as it must be"]:
            typer.echo(line)
        return not differences

    _run(work)


def _set_up_bucket(*, create: bool) -> None:
    from registry.composition.scaled import set_up_bucket

    async def work(settings: "Settings") -> bool:
        findings = await set_up_bucket(settings, create=create)
        for line, _ in findings:
            typer.echo(line)
        return all(good for _, good in findings)

    _run(work)


def _run(work: Callable[["Settings"], Awaitable[bool]]) -> None:
    from registry.domain.errors import RegistryError
    from registry.settings import SettingsError, load_settings

    async def run() -> bool:
        return await work(load_settings())

    try:
        good = asyncio.run(run())
    except SettingsError as error:
        typer.echo(f"registry: {error}", err=True)
        raise typer.Exit(2) from None
    except (RegistryError, OSError) as error:
        typer.echo(f"registry: {error}", err=True)
        raise typer.Exit(1) from None
    if not good:
        raise typer.Exit(1)
