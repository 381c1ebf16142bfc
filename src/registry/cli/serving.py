"""`registry serve`."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli.failures import CommandError, fail
from registry.cli.listening import Listening, listen
from registry.cli.service import read_settings, run

if TYPE_CHECKING:
    from registry.settings import Settings

CUT_OFF_SECONDS = 5
"""So long requests that are cut off may take to remove what they have begun and to answer."""
_STARTUP_FAILURE = 3
"""The status with which uvicorn leaves when the application does not start."""


def register(app: typer.Typer) -> None:
    app.command(rich_help_panel="Operate")(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes, sharing one data folder.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded stores.")] = None,
    *,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the pages in a browser once it listens.")] = False,
) -> None:
    """Start the registry.

    Without settings it runs on this machine alone, on SQLite and files in ./registry-data. Every setting and its
    meaning: registry settings.

    Examples:

      registry serve --open
      registry serve --port 9000 --workers 4
    """
    from registry.allocator import share_one_heap
    from registry.composition import prepare
    from registry.telemetry.logs import configure_logs

    share_one_heap()
    settings = read_settings(host=host, port=port, workers=workers, data_dir=data_dir)
    configure_logs(level=settings.log_level, style=settings.log_format)
    # Before the stores are opened: a second start by mistake leaves the first one's folder alone.
    try:
        listening = listen(settings.host, settings.port)
    except CommandError as error:
        fail(error)
    # Workers read their settings from the environment: what was given as an option goes there.
    for name in ("host", "workers", "data_dir"):
        os.environ[f"REGISTRY_{name.upper()}"] = str(getattr(settings, name))
    os.environ["REGISTRY_PORT"] = str(listening.port)
    first_password_holds = run(prepare(settings))

    def announce() -> None:
        typer.echo(banner(settings, listening.url, first_password_holds=first_password_holds), err=True)
        if open_browser:
            # A browser of text, or a slow one, must not hold up the server.
            threading.Thread(target=_open, args=(listening.url,), daemon=True).start()

    exit_quietly_at_sigterm()
    _serve(settings, listening, announce)


def _serve(settings: "Settings", listening: Listening, announce: Callable[[], None]) -> None:
    import uvicorn

    from registry.wire.serving import serve_until_signal

    with tempfile.TemporaryDirectory(prefix="registry-metrics-") as folder:
        if settings.workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        config = uvicorn.Config(
            "registry.app:create_configured_app",
            factory=True,
            host=settings.host,
            port=listening.port,
            workers=settings.workers,
            forwarded_allow_ips=settings.forwarded_allow_ips,
            # A worker on a busy machine is slow, not dead.
            timeout_worker_healthcheck=60,
            **server_options(settings),
        )
        started = serve_until_signal(
            config, list(listening.sockets), announce=announce, leave_seconds=settings.leave_seconds
        )
    if not started:
        sys.exit(_STARTUP_FAILURE)


def server_options(settings: "Settings") -> dict[str, Any]:
    """What the API's port and the worker's have in common, for uvicorn."""
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


def exit_quietly_at_sigterm() -> None:
    """The server finishes what is under way and then raises the signal again: asked to stop, it has not failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def banner(settings: "Settings", url: str, *, first_password_holds: bool) -> str:
    """Where it listens and how to sign in, for the person who started it. A password that no longer works is not
    shown."""
    from registry.composition import ADMIN_PASSWORD_FILE

    if not first_password_holds:
        how = "with the password that was set since (`registry users recover` sets another)"
    elif settings.admin_password is not None:
        how = "with the password from REGISTRY_ADMIN_PASSWORD"
    else:
        path = settings.data_dir / ADMIN_PASSWORD_FILE
        how = f"with the password {path.read_text().strip()} (generated, kept in {path})"
    lines: Sequence[str] = (
        f"Registry listens on {url}",
        f"  Swagger UI  {url}/docs",
        f"  sign in as  {settings.admin_username}, {how}",
    )
    return "\n".join(lines)


def _open(url: str) -> None:
    import webbrowser

    if not webbrowser.open(url):
        typer.echo(f"registry: no browser could be opened; open {url}", err=True)
