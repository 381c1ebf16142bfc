"""The documentation's Markdown as plain pages, for a checkout in which `make book` has not run."""

import posixpath
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import cmarkgfm
from markupsafe import Markup, escape

ROOT = Path(__file__).parents[3]
"""The checkout, where this is one; an installed package has no documentation beside it."""
_OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/aws/README.md")
"""Pages outside of the folder docs, as in `docs/book_hook.py`."""
_HREF = re.compile(r'<a href="([^"#:]*)(#[^"]*)?"')
_SOURCE = re.compile(r'<img src="([^":]*)"')
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_NOT_OF_ANCHORS = re.compile(r"[^\w\- ]")


class PlainHelp:
    """Pages by the addresses that they have in the book: `guides/nginx.html` is `docs/guides/nginx.md`."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root

    @property
    def exists(self) -> bool:
        return (self._root / "docs" / "index.md").is_file()

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        """The files by their addresses. Nothing else is read, whatever is asked for."""
        docs = self._root / "docs"
        found = {f"{path.relative_to(docs).with_suffix('')}.html": path for path in docs.rglob("*.md")}
        found |= {f"{page.removesuffix('.md')}.html": self._root / page for page in _OUTSIDE}
        return {address: path.relative_to(self._root).as_posix() for address, path in found.items()}

    def page(self, address: str) -> str | None:
        """The page in HTML; None where there is none."""
        source = self._sources.get(address)
        if source is None:
            return None
        text = (self._root / source).read_text(encoding="utf-8")
        html = cmarkgfm.github_flavored_markdown_to_html(text)
        here = posixpath.dirname(source)
        html = _HREF.sub(lambda link: self._link(link, address, here), html)
        html = _SOURCE.sub(lambda image: f'<img src="{self._image(image[1], address, here)}"', html)
        html = _HEADING.sub(lambda found: f'<h{found[1]} id="{_anchor(found[2])}">{found[2]}</h{found[1]}>', html)
        title = _HEADING.search(html)
        return frame(_TAG.sub("", title[2]) if title else address, Markup(html), depth=address.count("/"))  # noqa: S704 – our own pages

    def image(self, path: str) -> Path | None:
        """A picture of the documentation."""
        folder = (self._root / "docs" / "images").resolve()
        file = (self._root / "docs" / path).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None

    def _link(self, link: re.Match[str], address: str, here: str) -> str:
        """Links between pages lead to pages; those to other files of the checkout lead nowhere."""
        if not link[1]:
            return link[0]
        target = posixpath.normpath(posixpath.join(here, link[1]))
        wanted = "index.html" if target == "README.md" else f"{target.removeprefix('docs/').removesuffix('.md')}.html"
        if wanted not in self._sources:
            return "<a"
        return f'<a href="{posixpath.relpath(wanted, posixpath.dirname(address) or ".")}{link[2] or ""}"'

    def _image(self, source: str, address: str, here: str) -> str:
        target = posixpath.normpath(posixpath.join(here, source)).removeprefix("docs/")
        return posixpath.relpath(target, posixpath.dirname(address) or ".")


def frame(title: str, body: Markup, *, depth: int = 0) -> str:
    """A page around `body`; `depth` is how many folders it lies below `/help/`."""
    up = "../" * depth
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} – Registry</title>
<link rel="icon" type="image/svg+xml" href="{up}../docs/favicon.svg">
<link rel="stylesheet" href="{up}../docs/docs.css">
</head>
<body>
<header class="registry-header"><a class="registry-brand" href="{up}../ui">Registry</a>
<nav aria-label="Main"><a href="{up}index.html">All pages</a> <a href="{up}tutorial.html">Tutorial</a>
<a href="{up}commands.html">Commands</a> <a href="{up}problems.html">Problems</a>
<a href="{up}../docs">Swagger UI</a></nav></header>
<main class="plain-help">
{body}
</main>
<footer class="plain-help"><p>These are the plain pages. <code>make book</code> builds them as a book, with a search,
which is then served here.</p></footer>
</body>
</html>
"""


def _anchor(heading: str) -> str:
    """As GitHub makes them from a heading."""
    return _NOT_OF_ANCHORS.sub("", _TAG.sub("", heading).lower()).replace(" ", "-")


NO_PAGES = frame(
    "Help",
    Markup(
        "<h1>No documentation is installed here</h1>\n"
        "<p>This registry was installed without its documentation. In a checkout of its source, <code>make run</code> "
        "serves the pages here, and <code>make book</code> builds them as a book; the image has the book.</p>\n"
        '<p>What is always here: <a href="../docs">every call of the API</a>, '
        '<a href="../problems">every kind of problem</a>, and <code>registry --help</code>.</p>'
    ),
)
