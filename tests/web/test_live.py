"""Pages that show what is being made as soon as it is ready, without a reload."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.api.pickles import dangerous, zipped
from tests.api.support import json_package, metadata, unique
from tests.web.conftest import Site, Watched
from tests.web.test_accessibility import violations


class HeldSource(ThreadingHTTPServer):
    """A file on the web whose server answers only once it may."""

    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.bin"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, HeldSource)
        self.server.released.wait(60)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_args: object) -> None:
        """Print nothing."""


@pytest.fixture(params=[200, 404])
def source(request: pytest.FixtureRequest) -> Iterator[HeldSource]:
    with HeldSource(request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def test_an_ingest_is_followed_to_its_end(admin: Watched, source: HeldSource) -> None:
    page = admin.open("/ui/publish")
    page.get_by_label("or a URL").fill(source.url)
    page.get_by_label("Name", exact=True).fill(unique("ingest"))
    page.get_by_label("Version").fill("1.0.0")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/ui/package/*")
    expect(page.get_by_text("The registry fetches the content")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Lineage").focus()
    page.evaluate("window.reloaded = false")
    source.released.set()
    expect(page.locator("#package-state .badge").first).to_have_text("active" if source.status == 200 else "failed")
    expect(page.locator("#live-status")).to_contain_text("The")
    expect(page.get_by_role("link", name="Lineage")).to_be_focused()
    assert page.evaluate("window.reloaded") is False
    if source.status != 200:
        expect(page.locator(".notice.bad")).to_contain_text("404")


def test_a_new_rating_replaces_the_old_one(admin: Watched, site: Site) -> None:
    package = site.packages["acme/bert"]
    page = admin.open(f"/ui/package/{package}/rating")
    before = page.locator("#package-tab time").first.get_attribute("datetime")
    page.get_by_role("button", name="Rate again").click()
    expect(page.locator("#live-status")).to_have_text("The new rating is ready.")
    assert page.locator("#package-tab time").first.get_attribute("datetime") != before
    assert violations(page) == []


def test_a_dangerous_package(admin: Watched, site: Site) -> None:
    described = json_package(zipped(weights_pkl=dangerous(), notes_txt=b"hello"), name=unique("harm"))
    package = site.admin.client.post("/package", json=described).json()["id"]
    assert site.admin.client.get(f"/package/{package}/safety", params={"wait": 30}).status_code == 200
    assert site.admin.client.get(f"/package/{package}/rate", params={"wait": 30}).status_code == 200
    page = admin.open(f"/ui/package/{package}/safety")
    expect(page.locator(".findings")).to_contain_text("weights.pkl")
    expect(page.locator(".findings")).to_contain_text("dangerous")
    assert violations(page) == []
    page = admin.open(f"/ui/package/{package}/rating")
    expect(page.locator(".findings")).to_contain_text("weights.pkl")
    assert violations(page) == []
    page = admin.open("/ui/packages?status=quarantined")
    expect(page.locator(".results .badge", has_text="dangerous")).not_to_have_count(0)


@pytest.mark.parametrize("source", [200], indirect=True)
def test_a_package_without_content_has_no_verdict(admin: Watched, site: Site, source: HeldSource) -> None:
    answer = site.admin.client.post("/package", json=metadata(source_url=source.url))
    page = admin.open(f"/ui/package/{answer.json()['id']}/safety")
    expect(page.locator("#package-tab .notice")).not_to_be_empty()
    assert violations(page) == []
