"""Files that the libraries themselves wrote (trust/generate.py), and that must not be called dangerous."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

_FILES = Path(__file__).parent / "fixtures" / "harmless.zip"

OWN_CLASSES = frozenset({"dataclasses", "enum"})
"""Instances of classes that the file's author wrote: nobody can know what making one does, so they are suspicious."""


def harmless_files() -> Iterator[tuple[str, str, bytes]]:
    """(library, name, bytes) of each."""
    with zipfile.ZipFile(_FILES) as archive:
        for path in archive.namelist():
            library, _, name = path.partition("/")
            yield library, name, archive.read(path)
