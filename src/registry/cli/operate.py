"""Running a registry: worker, settings, openapi, maintenance.

What these commands need is imported when they run: `registry --help` must not wait for a web framework.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry import __version__
from registry.cli.output import Output
from registry.cli.service import read_settings, run
from registry.cli.serving import exit_quietly_at_sigterm, server_options

if TYPE_CHECKING:
    from registry.composition import Running

maintenance = typer.Typer(no_args_is_help=True, help="Keep the stores in order (on the machine that has them).")


def register(app: typer.Typer) -> None:
    """Add the operators' commands."""
    app.command(rich_help_panel="Operate")(worker)
    app.command("settings", rich_help_panel="Operate")(show_settings)
    app.command(rich_help_panel="Operate")(openapi)
    maintenance.command()(sweep)
    maintenance.command()(scrub)
    app.add_typer(maintenance, name="maintenance", rich_help_panel="Operate")


def worker(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    worker_port: Annotated[
        int | None, typer.Option("--port", help="Port for /health and /metrics; 0 for any free one.")
    ] = None,
) -> None:
    """Scan contents and make ratings, apart from the servers: with REGISTRY_JOBS=redis they do neither.

    Stops at SIGTERM.

    As many as are wanted, on any host that reaches the same stores.
    """
    import uvicorn

    from registry.api.state import Stopping
    from registry.composition import open_registry, prepare
    from registry.composition.tracing import make_tracing
    from registry.services.maintenance.background import Loops
    from registry.telemetry import metrics
    from registry.telemetry.emf import write_metrics
    from registry.telemetry.logs import configure_logs
    from registry.worker.process import create_worker_app

    settings = read_settings(host=host, worker_port=worker_port)
    configure_logs(level=settings.log_level, style=settings.log_format)
    run(prepare(settings))
    collected = metrics.collected_registry()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Loops]:
        observers = metrics.StoreMetrics(collected), metrics.RatingMetrics(collected)
        tracing = make_tracing(settings, service="registry-worker")
        async with open_registry(
            settings, observer=observers[0], ratings_observer=observers[1], tracing=tracing
        ) as running:
            services = running.services
            services.verdicts.observers.append(metrics.VerdictMetrics(collected))
            loops = {
                "files": services.list_files_in_background,
                "ratings": services.rate_as_worker,
                "scans": services.scan_as_worker,
                "health": services.health.run,
            }
            if settings.cloudwatch_namespace:
                write = partial(write_metrics, collected, namespace=settings.cloudwatch_namespace, service="worker")
                loops["metrics"] = write
            yield loops

    exit_quietly_at_sigterm()
    uvicorn.run(
        create_worker_app(opened, collected=collected, version=__version__, state={"stopping": Stopping()}),
        host=settings.host,
        port=settings.worker_port,
        **server_options(settings),
    )


def show_settings() -> None:
    """List every setting: its name, default, value and meaning. Secrets are masked.

    A setting comes from the environment or from a file .env in the current folder.
    """
    from rich.console import Console
    from rich.table import Table

    from registry.settings import describe

    described, output = describe(read_settings()), Output()
    if output.as_json:
        for each in described:
            output.document(dict(zip(("setting", "default", "value", "meaning"), each, strict=True)))
        return
    table = Table("setting", "default", "value", "meaning")
    for name, default, value, meaning in described:
        table.add_row(name, default, "" if value == default else value, meaning)
    Console().print(table)


def openapi(
    write: Annotated[Path | None, typer.Option(help="Write the document to this file.")] = None,
    check: Annotated[Path | None, typer.Option(help="Fail unless this file is the document.")] = None,
) -> None:
    """Print the OpenAPI document of this version, write it, or check that a file is in step."""
    import yaml

    from registry.app import create_app
    from registry.settings import Settings

    document = yaml.safe_dump(create_app(Settings()).openapi(), sort_keys=False, allow_unicode=True, width=120)
    if write:
        write.write_text(document, encoding="utf-8")
    elif check:
        if not check.is_file() or check.read_text(encoding="utf-8") != document:
            typer.echo(f"registry: {check} is not what the application serves; run: make openapi", err=True)
            raise typer.Exit(1)
    else:
        typer.echo(document, nl=False)


def _maintain(work: Callable[["Running"], Coroutine[Any, Any, None]]) -> None:
    from registry.composition import open_registry

    settings = read_settings()

    async def opened() -> None:
        async with open_registry(settings) as running:
            await work(running)

    run(opened())


def sweep(
    grace_seconds: Annotated[
        int | None, typer.Option(min=0, help="Leave alone what is younger. Default: REGISTRY_SWEEP_GRACE_SECONDS.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed; remove nothing.")] = False,
) -> None:
    """Remove stored bytes that no package refers to (a crash or a cancelled upload left them), and expired records.

    A running server does this by itself. With --grace-seconds 0 no upload may be under way.
    """
    grace = read_settings().sweep_grace_seconds if grace_seconds is None else grace_seconds

    async def work(running: "Running") -> None:
        report = await running.services.maintenance.sweep(grace_seconds=grace, dry_run=dry_run)
        verb = "would remove" if dry_run else "removed"
        Output().outcome(
            f"{verb} {report.uploads} expired uploads, {report.blobs} blobs ({report.bytes} bytes) "
            f"and {report.expired_records} expired records",
            dry_run=dry_run,
            uploads=report.uploads,
            blobs=report.blobs,
            bytes=report.bytes,
            expired_records=report.expired_records,
        )

    _maintain(work)


def scrub() -> None:
    """Hash all stored content again and name every package whose bytes are damaged. Exit code 1 when there are any."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeElapsedColumn, TransferSpeedColumn

    async def work(running: "Running") -> None:
        maintenance_service = running.services.maintenance
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
        shown = Console(stderr=True)
        with Progress(*columns, transient=True, console=shown, disable=not shown.is_terminal) as progress:
            bar = progress.add_task("scrub", total=None)
            damages = await maintenance_service.scrub(lambda _, size: progress.advance(bar, size))
        output = Output()
        for damage in damages:
            output.outcome(
                f"{damage.package_id}: sha256 is {damage.found or 'gone'}, should be {damage.expected}",
                package_id=damage.package_id,
                found=damage.found,
                expected=damage.expected,
            )
        if damages:
            raise typer.Exit(1)
        output.outcome("all content is as it was published", damaged=0)

    _maintain(work)
