"""The documentation under `/help`: the book, and the plain pages where none was built."""

import posixpath
import re
from pathlib import Path

import httpx
import yaml
from starlette.applications import Starlette
from starlette.routing import Mount

from registry.api.caching import begin_caching
from registry.web.help import Book
from registry.web.plain_help import PlainHelp
from tests.docs.conftest import ROOT


def client(served: Book) -> httpx.AsyncClient:
    app = Starlette(routes=[Mount("/help", served)])

    async def with_caching(scope: dict[str, object], receive: object, send: object) -> None:
        begin_caching(scope)
        await app(scope, receive, send)  # type: ignore[arg-type]

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=with_caching), base_url="http://registry")  # type: ignore[arg-type]


async def test_pages_are_served_with_a_policy(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Registry</h1>")
    async with client(Book(tmp_path)) as book:
        page = await book.get("/help/")
        assert (page.status_code, page.text) == (200, "<h1>Registry</h1>")
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (await book.get("/help/none.html")).status_code == 404
        assert (await book.get("/help/..%2f..%2fetc/passwd")).status_code == 404


async def test_without_a_book_the_pages_are_plain(tmp_path: Path) -> None:
    async with client(Book(tmp_path / "none")) as plain:
        index = await plain.get("/help/")
        assert (index.status_code, index.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert '<a href="tutorial.html">' in index.text
        assert "make book" in index.text
        assert index.headers["content-security-policy"].startswith("default-src 'none'")
        assert "registry publish" in (await plain.get("/help/guides/publish-a-model.html")).text
        assert (await plain.get("/help/images/web/rating.png")).headers["content-type"] == "image/png"
        for path in ("none.html", "tutorial.md", "book_hook.py", "..%2fpyproject.toml", "images/..%2f..%2fLICENSE"):
            missing = await plain.get(f"/help/{path}")
            assert (missing.status_code, "There is no such page" in missing.text) == (404, True)


async def test_without_documentation_a_page_says_where_it_is(tmp_path: Path) -> None:
    async with client(Book(tmp_path / "none", PlainHelp(tmp_path))) as nothing:
        page = await nothing.get("/help/")
        assert (page.status_code, "make book" in page.text) == (404, True)


def test_links_of_plain_pages_lead_somewhere() -> None:
    plain = PlainHelp()
    addresses = [f"{page.removesuffix('.md').removesuffix('/')}.html" for page in _listed()]
    pages = {address: plain.page(address) or "" for address in addresses}
    assert all(pages.values())
    for address, page in pages.items():
        for link in re.findall(r'<a href="([^":]*)"', page.partition("<main")[2]):
            path, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(address), path)) if path else address
            assert target in pages, (address, link)
            assert not anchor or f'id="{anchor}"' in pages[target], (address, link)
        for picture in re.findall(r'<img src="([^"]*)"', page):
            assert plain.image(posixpath.normpath(posixpath.join(posixpath.dirname(address), picture))), picture


def _pages(nav: object) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    values = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return {page for value in values for page in _pages(value)}


def _listed() -> set[str]:
    return _pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])


def test_every_page_is_in_the_book() -> None:
    docs = ROOT / "docs"
    assert {str(path.relative_to(docs)) for path in docs.rglob("*.md")} - _listed() == set()
