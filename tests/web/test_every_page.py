"""Rules that hold for each page there is: the routes are enumerated, so that a new page cannot be forgotten."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser
from starlette.routing import Route

from registry.web.application import pages
from tests.api.support import connect
from tests.web.conftest import HOSTILE_NAME, Site, watching
from tests.web.test_accessibility import paths
from tests.web.test_pages import sign_in

_NO_PAGES = {
    "/",  # leads to /ui
    "/ui/static/{version}/{name}",
    "/ui/package/{id}/rating/receipt",  # downloads and pictures
    "/ui/package/{id}/picture/{path:path}",
    "/ui/admin/audit/export",
    "/ui/packages/{type}/{name:path}",  # leads to a package
}
_FIRST_VISIT_BYTES = 100_000


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with connect(site.url) as client:
        sign_in(client, site)
        yield client


class _Active(HTMLParser):
    """Notes what could act in a page: scripts in it, handlers of events, addresses that run code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        runs = given.get("href", "").strip().lower().startswith(("javascript:", "data:"))
        if runs or (tag == "script" and "src" not in given) or any(name.startswith("on") for name in given):
            self.found.append(self.get_starttag_text() or tag)


def readable() -> list[Route]:
    routes = [route for route in pages().routes if isinstance(route, Route)]
    return [route for route in routes if "GET" in (route.methods or ()) and route.path not in _NO_PAGES]


def test_the_tests_visit_every_page(site: Site) -> None:
    """What axe, the narrow window and the hostile texts see is each page that can be read."""
    visited = {urlsplit(path).path for path in paths(site)}
    specific = [route for route in readable() if route.path != "/ui/{rest:path}"]
    missing = [route.path for route in specific if not any(route.path_regex.match(path) for path in visited)]
    assert missing == []


def test_every_page_can_be_read_without_scripts(browser: Browser, site: Site) -> None:
    """With JavaScript off, each page has its heading and its text, and no element waits for a script."""
    with watching(browser, site, java_script_enabled=False) as watched:
        without = {}
        for path in paths(site):
            page = watched.open(path)
            main = page.locator("main")
            without[path] = (page.locator("h1").count(), len(main.inner_text()) > len(page.locator("h1").inner_text()))
        assert {path: seen for path, seen in without.items() if seen != (1, True)} == {}


def test_no_page_repeats_user_text_as_html(client: httpx.Client, site: Site) -> None:
    """The hostile name, description, file names, README and query stay text wherever a page shows them."""
    hostile = "\"'><svg onload=alert(1)>"
    shown = [
        *paths(site),
        *(f"/ui/package/{site.packages[HOSTILE_NAME]}{tab}" for tab in ("/rating", "/safety", "/files", "/lineage")),
        *("/ui/packages?q=svg", "/ui/admin/audit?action=create", "/ui/nowhere/<svg onload=alert(1)>"),
    ]
    found = []
    for path in shown:
        for added in ("", "hostile"):
            query = dict.fromkeys(("q", "tag", "owner", "since", "user", "next", "done"), hostile) if added else None
            answer = client.get(path, params=query)
            read = _Active()
            read.feed(answer.text)
            if read.found:
                found.append((path, added, read.found))
    assert found == []


def test_a_first_visit_is_small(browser: Browser, site: Site) -> None:
    """With an empty cache, a page, its style sheet, its scripts and its pictures come to less than 100 KB."""
    sizes = {path: _received(browser, site.url + path) for path in ("/ui", "/ui/packages", "/ui/sign-in", "/ui/health")}
    assert {path: size for path, size in sizes.items() if size >= _FIRST_VISIT_BYTES} == {}


def _received(browser: Browser, url: str) -> int:
    """Bytes that a page and all it loads need, with their headers."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url, wait_until="load")
    entries = "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
    sizes = page.evaluate(f"{entries}.map((entry) => entry.transferSize)")
    context.close()
    assert len(sizes) > 2
    assert min(sizes) > 0
    return int(sum(sizes))
