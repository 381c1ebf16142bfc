"""What a command says: tables on a terminal, JSON Lines (a document a line) everywhere else or when asked for."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import typer

from registry.cli.tables import fitting
from registry.cli.text import escaped, one_line, printable

if TYPE_CHECKING:
    from rich.console import Console

    from registry.client import Phase, Progress


class _HasDocument(Protocol):
    @property
    def document(self) -> Mapping[str, Any]: ...


Item = TypeVar("Item", bound=_HasDocument)

_PHASES = {"hash": "reading", "upload": "sending", "download": "fetching"}


_JSON_FOR_ALL: ContextVar[bool] = ContextVar("json_for_all", default=False)


def ask_for_json(asked: bool) -> None:  # noqa: FBT001 – there is nothing else to say
    """What `registry --json COMMAND` asks for, whatever the command."""
    _JSON_FOR_ALL.set(asked)


class Output:
    """The terminal, or the pipe, that the command runs in. `wants_json`: JSON was asked for, not only for a pipe."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.wants_json = as_json or _JSON_FOR_ALL.get()
        self.as_json = self.wants_json or not sys.stdout.isatty()
        self._console: Console | None = None

    def document(self, document: Mapping[str, Any]) -> None:
        """One JSON document, without a character that steers a terminal."""
        typer.echo(escaped(json.dumps(document, ensure_ascii=False, separators=(",", ":"))))

    def outcome(self, detail: str, **members: object) -> None:
        """How it went: a line for people, for programs a document with the line as its `detail`."""
        if self.as_json:
            self.document({**members, "detail": detail})
        else:
            typer.echo(one_line(detail))

    def nothing_found(self) -> None:
        """An empty answer is no error, and no silence either."""
        typer.echo("Nothing found.", err=True)

    def say(self, text: str) -> None:
        """Something for people, beside the result."""
        if sys.stderr.isatty():
            typer.echo(one_line(text), err=True)

    async def listing(
        self, items: AsyncIterator[Item], *, columns: Sequence[str], row: Callable[[Item], Sequence[str]]
    ) -> None:
        """Every item: as JSON as soon as it is there, as a table once all are."""
        rows = []
        async for item in items:
            if self.as_json:
                self.document(item.document)
            rows.append(() if self.as_json else row(item))
        if not rows:
            self.nothing_found()
        elif not self.as_json:
            self.table(columns, rows)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console()
        columns, rows = fitting(columns, [[one_line(cell) for cell in row] for row in rows], width=console.width)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            # Ids are copied whole into the next command: the others give way.
            table.add_column(column, no_wrap=column == "ID")
        for row in rows:
            table.add_row(*(Text(cell, overflow="fold") for cell in row))
        console.print(table)

    def members(self, members: Mapping[str, object]) -> None:
        """Names and values below each other; empty ones are left out."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for name, value in members.items():
            if value not in (None, ""):
                table.add_row(Text(name, style="bold"), Text(one_line(str(value)), overflow="fold"))
        (self._console or Console()).print(table)

    def excerpt(self, heading: str, text: str, highlights: Iterable[tuple[int, int]]) -> None:
        """A heading, and below it a piece of somebody else's text with parts of it highlighted."""
        from rich.console import Console
        from rich.padding import Padding
        from rich.text import Text

        # Both replace character by character, so that the highlights stay where they are.
        shown = Text(printable(text).translate({ord("\n"): " ", ord("\t"): " "}), overflow="fold")
        for start, end in highlights:
            shown.stylize("bold yellow", start, end)
        console = Console()
        console.print(Text(one_line(heading), style="bold"))
        if text:
            console.print(Padding(shown, (0, 0, 0, 4)))

    @contextmanager
    def paged(self) -> Iterator[None]:
        """What is printed within goes through a pager where a terminal is too small for it."""
        from rich.console import Console

        if not (sys.stdout.isatty() and sys.stdin.isatty()):
            yield
            return
        # The pager ends by itself when everything fits the screen, and lets colours through.
        os.environ.setdefault("LESS", "FRX")
        self._console = Console()
        with self._console.pager(styles=True, links=False):
            yield
        self._console = None

    def text(self, text: str) -> None:
        """A longer text of somebody else's."""
        from rich.text import Text

        if self._console is None:
            typer.echo(printable(text))
        else:
            self._console.print(Text(printable(text)), soft_wrap=True)


@contextmanager
def shown_progress() -> Iterator["Progress"]:
    """Bars with speed and time left on stderr where that is a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        from registry.client import silent

        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bars:
        tasks = {name: bars.add_task(label, visible=False, start=False) for name, label in _PHASES.items()}

        def progress(phase: "Phase", *, done: int, total: int) -> None:
            task = tasks[phase]
            if not bars.tasks[task].started:
                # Speed counts from here: what a resumed download has already is no achievement.
                bars.start_task(task)
            bars.update(task, completed=done, total=total, visible=True)

        yield progress
