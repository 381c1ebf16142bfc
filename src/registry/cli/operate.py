"""Running a registry: serve, worker, settings, openapi, maintenance.

What these commands need is imported when they run: `registry --help` must not wait for a web framework.
"""

import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.service import read_settings, run

if TYPE_CHECKING:
    from registry.composition import Running
    from registry.settings import Settings

_APPLICATION = "registry.app:create_configured_app"
CUT_OFF_SECONDS = 5
"""So long requests that are cut off may take to remove what they have begun and to answer."""

maintenance = typer.Typer(no_args_is_help=True, help="Keep the stores in order (on the machine that has them).")


def register(app: typer.Typer) -> None:
    """Add the operators' commands."""
    app.command(rich_help_panel="Operate")(serve)
    app.command(rich_help_panel="Operate")(worker)
    app.command("settings", rich_help_panel="Operate")(show_settings)
    app.command(rich_help_panel="Operate")(openapi)
    maintenance.command()(sweep)
    maintenance.command()(scrub)
    app.add_typer(maintenance, name="maintenance", rich_help_panel="Operate")


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes, sharing one data folder.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded stores.")] = None,
) -> None:
    """Start the registry.

    Without settings it runs on this machine alone, on SQLite and files in ./registry-data. Every setting and its
    meaning: registry settings.
    """
    import uvicorn

    from registry.allocator import share_one_heap
    from registry.composition import prepare
    from registry.telemetry.logs import configure_logs
    from registry.wire.supervisor import serve_by_processes

    share_one_heap()
    settings = read_settings(host=host, port=port, workers=workers, data_dir=data_dir)
    configure_logs(level=settings.log_level, style=settings.log_format)
    # Workers read their settings from the environment: what was given as an option goes there.
    for name in ("host", "port", "workers", "data_dir"):
        os.environ[f"REGISTRY_{name.upper()}"] = str(getattr(settings, name))
    run(prepare(settings))
    _announce(settings)
    _exit_quietly_at_sigterm()
    with tempfile.TemporaryDirectory(prefix="registry-metrics-") as folder:
        if settings.workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        options = {
            "factory": True,
            "host": settings.host,
            "port": settings.port,
            "workers": settings.workers,
            "forwarded_allow_ips": settings.forwarded_allow_ips,
            # A worker on a busy machine is slow, not dead.
            "timeout_worker_healthcheck": 60,
            **_server_options(settings),
        }
        if settings.workers > 1:
            serve_by_processes(uvicorn.Config(_APPLICATION, **options), leave_seconds=settings.leave_seconds)
        else:
            uvicorn.run(_APPLICATION, **options)


def _server_options(settings: "Settings") -> dict[str, Any]:
    """What the API's port and the worker's have in common."""
    from registry.wire.connections import ConnectionLimits
    from registry.wire.open_files import affordable_connections
    from registry.wire.server_protocol import ServerProtocol

    limits = ConnectionLimits(
        head_seconds=settings.head_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        body_idle_seconds=settings.upload_idle_seconds,
        min_body_bytes_per_second=settings.min_body_bytes_per_second,
        response_idle_seconds=settings.response_idle_seconds,
        max_connections=affordable_connections(settings.max_connections),
    )
    return {
        "http": ServerProtocol(limits),
        "loop": "uvloop",
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        # After `stop_seconds` the registry cuts off requests itself; this bounds what they do about it.
        "timeout_graceful_shutdown": settings.stop_seconds + CUT_OFF_SECONDS,
    }


def _exit_quietly_at_sigterm() -> None:
    """The server finishes what is under way and then raises the signal again: asked to stop, it has not failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


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
    from registry.services.maintenance.background import Loops
    from registry.telemetry import metrics
    from registry.telemetry.logs import configure_logs
    from registry.worker.process import create_worker_app

    settings = read_settings(host=host, worker_port=worker_port)
    configure_logs(level=settings.log_level, style=settings.log_format)
    run(prepare(settings))
    collected = metrics.collected_registry()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Loops]:
        observers = metrics.StoreMetrics(collected), metrics.RatingMetrics(collected)
        async with open_registry(settings, observer=observers[0], ratings_observer=observers[1]) as running:
            services = running.services
            yield {"ratings": services.rate_as_worker, "scans": services.scan_as_worker, "health": services.health.run}

    _exit_quietly_at_sigterm()
    uvicorn.run(
        create_worker_app(opened, collected=collected, version=version("registry"), state={"stopping": Stopping()}),
        host=settings.host,
        port=settings.worker_port,
        **_server_options(settings),
    )


def _announce(settings: "Settings") -> None:
    """Where it listens and how to sign in, for the person who started it."""
    from registry.composition import ADMIN_PASSWORD_FILE

    url = f"http://{settings.host}:{settings.port}"
    if settings.admin_password is not None:
        how = "with the password from REGISTRY_ADMIN_PASSWORD"
    else:
        path = settings.data_dir / ADMIN_PASSWORD_FILE
        how = f"with the password {path.read_text().strip()} (generated, kept in {path})"
    lines = (
        f"Registry listens on {url}",
        f"  Swagger UI  {url}/docs",
        f"  sign in as  {settings.admin_username}, {how}",
    )
    typer.echo("\n".join(lines), err=True)


def show_settings() -> None:
    """List every setting: its name, default, value and meaning. Secrets are masked.

    A setting comes from the environment or from a file .env in the current folder.
    """
    from rich.console import Console
    from rich.table import Table

    from registry.settings import describe

    table = Table("setting", "default", "value", "meaning")
    for name, default, value, meaning in describe(read_settings()):
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be removed, remove nothing.")] = False,
) -> None:
    """Remove stored bytes that no package refers to (a crash or a cancelled upload left them), and expired records.

    A running server does this by itself. With --grace-seconds 0 no upload may be under way.
    """
    grace = read_settings().sweep_grace_seconds if grace_seconds is None else grace_seconds

    async def work(running: "Running") -> None:
        report = await running.services.maintenance.sweep(grace_seconds=grace, dry_run=dry_run)
        verb = "would remove" if dry_run else "removed"
        typer.echo(
            f"{verb} {report.uploads} expired uploads, {report.blobs} blobs ({report.bytes} bytes) "
            f"and {report.expired_records} expired records"
        )

    _maintain(work)


def scrub() -> None:
    """Hash all stored content anew and name every package whose bytes are damaged. Exit code 1 when there are any."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeElapsedColumn, TransferSpeedColumn

    async def work(running: "Running") -> None:
        maintenance_service = running.services.maintenance
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
        with Progress(*columns, transient=True) as progress:
            bar = progress.add_task("scrub", total=None)
            damages = await maintenance_service.scrub(lambda _, size: progress.advance(bar, size))
        for damage in damages:
            typer.echo(f"{damage.package_id}: sha256 is {damage.found or 'gone'}, should be {damage.expected}")
        if damages:
            raise typer.Exit(1)
        typer.echo("all content is as it was published")

    _maintain(work)
