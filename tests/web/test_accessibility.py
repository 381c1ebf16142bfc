"""Every page in every scheme: no violation of WCAG 2.2 AA that axe can find, and no horizontal scrolling."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.conftest import HOSTILE_NAME, PREVIEWED, Site, Watched, watching

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_NARROW = 320
_OPENED = "document.querySelectorAll('details').forEach((it) => { it.open = true; })"


def paths(site: Site) -> list[str]:
    """The pages of the signed-in admin."""
    package, made = site.packages["acme/bert"], site.packages["acme/sentiment"]
    tabs = ("", "/rating", "/safety", "/files", "/activity")
    return [
        *("/ui", "/ui/packages", "/ui/packages?q=bert", "/ui/packages?q=a(&regex=1", "/ui/packages?tag=nothing"),
        *(f"/ui/package/{package}{tab}" for tab in tabs),
        f"/ui/package/{made}/lineage",
        f"/ui/package/{site.packages[HOSTILE_NAME]}",
        *(f"/ui/package/{site.packages['acme/files']}/file/{path}" for path in PREVIEWED),
        *("/ui/publish", "/ui/releases", "/ui/account", "/ui/health", "/ui/health?minutes=1440"),
        *(
            "/ui/admin",
            "/ui/admin/webhooks",
            f"/ui/admin/webhooks/{site.webhook}",
            "/ui/admin/quarantine",
            "/ui/admin/audit",
            "/ui/admin/audit?since=yesterday",
        ),
        f"/ui/compare?from={package}&to={made}",
        *("/ui/package/no-such-package", "/ui/sign-in"),
    ]


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page, options=_RULES).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_wcag(browser: Browser, site: Site, scheme: str) -> None:
    with watching(browser, site, color_scheme=scheme, reduced_motion="reduce") as watched:
        found = {}
        for path in paths(site):
            page = watched.open(path)
            page.evaluate(_OPENED)
            found[path] = violations(page)
        assert {path: rules for path, rules in found.items() if rules} == {}


def test_no_page_scrolls_sideways_when_narrow(admin: Watched, site: Site) -> None:
    """320 CSS pixels are also a window of 1,280 at 400 % zoom (WCAG 1.4.10)."""
    admin.page.set_viewport_size({"width": _NARROW, "height": 800})
    wide = {}
    for path in paths(site):
        page = admin.open(path)
        page.evaluate(_OPENED)
        wide[path] = page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in wide.items() if width > _NARROW} == {}


def test_pages_without_a_session(visitor: Watched) -> None:
    page = visitor.open("/ui/sign-in")
    assert violations(page) == []
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
