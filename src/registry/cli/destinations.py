"""Where a download goes: a file, a folder, or stdout."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.failures import usage_error
from registry.cli.output import shown_progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from registry.client import Progress

    Fetch = Callable[[Path, Progress], Awaitable[None]]

STDOUT = "-"
_SEPARATORS = ("/", "\\") if sys.platform == "win32" else ("/",)


def destination(offered: str, output: str | None, *, otherwise: str) -> Path:
    """The file to write; in a folder it is called as `offered`, or where that is no name, `otherwise`.

    A folder is made where `output` ends with a slash. Raises OSError, and CommandError where the folder of a file is
    missing.
    """
    from registry.client import safe_filename

    folder = Path(output) if output else Path()
    if output and not folder.is_dir():
        if not output.endswith(_SEPARATORS):
            if not folder.parent.is_dir():
                raise usage_error(f"there is no folder {folder.parent}; make it, or name a folder with a / at its end")
            return folder
        folder.mkdir(parents=True, exist_ok=True)
    return folder / safe_filename(offered, otherwise=otherwise)


async def write_to_stdout(fetch: "Fetch") -> None:
    """Fetch bytes and write them, once they are checked: a program after the pipe gets no wrong byte."""
    if sys.stdout.isatty():
        raise usage_error("bytes are nothing for a terminal; send them on (| …) or name a file")
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        path = Path(folder) / "content"
        with shown_progress() as progress:
            await fetch(path, progress)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1024 * 1024)
        sys.stdout.buffer.flush()
