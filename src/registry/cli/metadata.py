"""What the options say of a package, and the file that is published: checked and put right before anything is sent."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.failures import usage_error

if TYPE_CHECKING:
    from registry.client import NewPackage

_STDIN = Path("-")
_OPERATOR = re.compile(r" (or|and|with) ", re.IGNORECASE)
_NOISE = re.compile(r"\b(?:the|license|licence|version|v(?=[0-9]))|,", re.IGNORECASE)


def checked(package: "NewPackage") -> None:
    """Raise CommandError for what the registry would refuse."""
    from registry.client import InvalidRequest
    from registry.client.checking import check_new_package

    try:
        check_new_package(package)
    except InvalidRequest as error:
        raise usage_error(str(error)) from error


def normalised_license(text: str | None) -> str | None:
    """The SPDX expression that is meant: `apache 2` is Apache-2.0. What is not known stays as it is written."""
    if text is None or not text.strip():
        return text
    parts = _OPERATOR.split(" ".join(text.split()))
    return " ".join(part.upper() if _OPERATOR.fullmatch(f" {part} ") else _id_of(part) for part in parts)


def _id_of(name: str) -> str:
    from registry.formats.license_names import license_id

    plain = " ".join(_NOISE.sub(" ", name).split())
    for written in (name, plain, plain.replace(" ", "-"), f"{plain}.0", f"{plain.replace(' ', '-')}.0"):
        if found := license_id(written):
            return found
    return name


@contextmanager
def file_to_send(path: Path, filename: str) -> Iterator[Path]:
    """The file itself; for `-` a temporary one with what stdin gives, since a digest is needed before it is sent."""
    from registry.client import safe_filename

    if path != _STDIN:
        yield path
        return
    if sys.stdin.isatty():
        raise usage_error("there is nothing on stdin; send a file to it, or name one")
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        copy = Path(folder) / safe_filename(filename, otherwise="content")
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1024 * 1024)
        if copy.stat().st_size == 0:
            raise usage_error("there was nothing on stdin")
        yield copy
