"""Takes pages from outside this folder into the book, and puts links right that lead out of it."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/aws/README.md")
"""Pages of the repository that are part of the book."""
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    for page in PAGES:
        files.append(File.generated(config, page, content=(ROOT / page).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:  # noqa: ARG001 – mkdocs names it
    """Links as they are in the repository lead to the book's pages; those to its other files are their words alone."""
    source = page.file.src_uri
    here = posixpath.dirname(source if source in PAGES else f"docs/{source}")

    def in_the_book(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, link[2]))
        found = "index.md" if target == "README.md" else target if target in PAGES else target.removeprefix("docs/")
        if files.get_file_from_path(found) is not None:
            return f"[{link[1]}]({posixpath.relpath(found, posixpath.dirname(source) or '.')}{link[3] or ''})"
        # What is nowhere in docs ends the build. Files elsewhere need not be there: the image is built without them, and
        # tests/docs sees whether they exist.
        return link[1] if (ROOT / target).exists() or not target.startswith("docs/") else link[0]

    return _LINK.sub(in_the_book, markdown)
