"""Where a download goes: a file, a folder, or stdout."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.failures import usage_error
from registry.cli.output import shown_progress

if TYPE_CHECKING:
    from registry.client import Package, RegistryClient

STDOUT = "-"
_SEPARATORS = ("/", "\\") if sys.platform == "win32" else ("/",)


def destination(package: "Package", output: str | None) -> Path:
    """The file to write. A folder is made where `output` ends with a slash. Raises OSError."""
    from registry.client import safe_filename

    folder = Path(output) if output else Path()
    if output and not folder.is_dir():
        if not output.endswith(_SEPARATORS):
            return folder
        folder.mkdir(parents=True, exist_ok=True)
    offered = package.content.filename if package.content else ""
    return folder / safe_filename(offered, otherwise=f"{package.name}-{package.version}")


async def write_to_stdout(client: "RegistryClient", package: "Package") -> None:
    """Fetch the content and write it, once its digest is right: a program after the pipe gets no wrong byte."""
    if sys.stdout.isatty():
        raise usage_error("bytes are nothing for a terminal; send them on (| …) or name a file")
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        path = Path(folder) / "content"
        with shown_progress() as progress:
            await client.download(package, path, progress=progress)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1024 * 1024)
        sys.stdout.buffer.flush()
