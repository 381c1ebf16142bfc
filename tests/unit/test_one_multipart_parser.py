"""Bodies are read in one place each: forms by `read_form`, multipart by `MultipartStream`."""

import re
from pathlib import Path

import registry

SOURCES = Path(registry.__file__).parent
OTHER_READERS = re.compile(r"python_multipart|\.form\(\)|OAuth2PasswordRequestForm|\bForm\(|\bUploadFile\b")
"""Starlette's and FastAPI's own; they need another parser, and bound neither fields nor time."""


def test_no_other_reader_of_forms_is_used() -> None:
    users = [path.relative_to(SOURCES) for path in SOURCES.rglob("*.py") if OTHER_READERS.search(path.read_text())]
    assert users == [], "use registry.api.forms.read_form or registry.api.multipart.MultipartStream"
