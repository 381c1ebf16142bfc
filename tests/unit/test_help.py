"""The book under `/help`."""

from pathlib import Path

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.routing import Mount

from registry.api.caching import begin_caching
from registry.web.help import Book
from tests.docs.conftest import ROOT


@pytest.fixture
def book(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "index.html").write_text("<h1>Registry</h1>")
    app = Starlette(routes=[Mount("/help", Book(tmp_path))])

    async def with_caching(scope: dict[str, object], receive: object, send: object) -> None:
        begin_caching(scope)
        await app(scope, receive, send)  # type: ignore[arg-type]

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=with_caching), base_url="http://registry")  # type: ignore[arg-type]


async def test_pages_are_served_with_a_policy(book: httpx.AsyncClient) -> None:
    async with book:
        page = await book.get("/help/")
        assert (page.status_code, page.text) == (200, "<h1>Registry</h1>")
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert (await book.get("/help/none.html")).status_code == 404
        assert (await book.get("/help/..%2f..%2fetc/passwd")).status_code == 404


def _pages(nav: object) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    values = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return {page for value in values for page in _pages(value)}


def test_every_page_is_in_the_book() -> None:
    listed = _pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    docs = ROOT / "docs"
    assert {str(path.relative_to(docs)) for path in docs.rglob("*.md")} - listed == set()
