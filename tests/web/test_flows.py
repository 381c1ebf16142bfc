"""What people do in the browser, from the first page to the result."""

import hashlib
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.api.support import unique
from tests.web.conftest import HOSTILE_NAME, Site, Watched
from tests.web.test_accessibility import violations


def test_signing_in_leads_back_to_the_page_and_out(visitor: Watched, site: Site) -> None:
    page = visitor.open(f"/ui/package/{site.packages['acme/bert']}/rating")
    expect(page).to_have_url(site.url + f"/ui/sign-in?next=%2Fui%2Fpackage%2F{site.packages['acme/bert']}%2Frating")
    page.get_by_label("Name").fill(site.admin.name)
    page.get_by_label("Password").fill(site.admin.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Metrics")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    visitor.open("/ui/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_keyboard_reaches_search_and_help(admin: Watched) -> None:
    page = admin.open("/ui")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("bert")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="acme/bert", exact=True)).to_be_visible()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_on_a_phone_results_begin_on_the_first_screen(admin: Watched) -> None:
    """The filters that are seldom used open by keyboard, and stay open while one of them is set."""
    admin.page.set_viewport_size({"width": 320, "height": 640})
    page = admin.open("/ui/packages")
    expect(page.get_by_role("main").get_by_role("heading", level=2).first).to_be_in_viewport()
    filters = page.get_by_role("form", name="Search and filters")
    expect(filters.get_by_label("License")).to_be_hidden()
    filters.get_by_text("More filters").focus()
    page.keyboard.press("Enter")
    filters.get_by_label("License").fill("CC-BY-4.0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="acme/reviews", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="acme/bert", exact=True)).to_have_count(0)
    expect(filters.get_by_label("License")).to_have_value("CC-BY-4.0")
    expect(filters.get_by_label("License")).to_be_visible()
    assert violations(page) == []


def test_the_first_tab_stop_skips_the_header(admin: Watched) -> None:
    page = admin.open("/ui/packages")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_hostile_name_is_text(admin: Watched, site: Site) -> None:
    page = admin.open(f"/ui/package/{site.packages[HOSTILE_NAME]}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE_NAME)
    assert "attacked" not in page.title()


def _fill_in(page: Page, name: str, file: Path) -> None:
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Version").fill("1.0.0")


def test_publishing_a_small_file(admin: Watched, site: Site, tmp_path: Path) -> None:
    name = unique("web")
    file = tmp_path / "small.bin"
    file.write_bytes(b"hello")
    page = admin.open("/ui/publish")
    _fill_in(page, name, file)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert site.admin.client.get("/packages", params={"name": name}).json()["items"][0]["content"]["size"] == 5


def test_a_mistake_is_shown_at_its_field(admin: Watched, tmp_path: Path) -> None:
    file = tmp_path / "small.bin"
    file.write_bytes(b"hello")
    page = admin.open("/ui/publish")
    _fill_in(page, unique("web"), file)
    page.get_by_label("Version").fill("one")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_label("Version")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Version")).to_be_focused()


def test_a_large_file_goes_on_after_a_reload(admin: Watched, site: Site, large_file: Path) -> None:
    """The connection breaks at the third part; after a reload the first two are not sent again."""
    name = unique("web")
    sent: list[str] = []

    def cut(route: Route) -> None:
        number = route.request.url.rpartition("/")[2]
        if int(number) > 2:
            route.abort()
        else:
            sent.append(number)
            route.continue_()

    page = admin.open("/ui/publish")
    page.route("**/parts/*", cut)
    _fill_in(page, name, large_file)
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#status")).to_have_text("Part 3 failed, trying again.")
    assert sent == ["1", "2"]
    page.unroute("**/parts/*")
    page.on(
        "request", lambda request: sent.append(request.url.rpartition("/")[2]) if "/parts/" in request.url else None
    )
    page = admin.open("/ui/publish")
    _fill_in(page, name, large_file)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert sent[2] == "3"
    assert len(sent) == len(set(sent))
    content = site.admin.client.get("/packages", params={"name": name}).json()["items"][0]["content"]
    assert content["sha256"] == hashlib.sha256(large_file.read_bytes()).hexdigest()
    admin.faults[:] = [fault for fault in admin.faults if "ERR_FAILED" not in fault]


def test_rating_again_and_the_receipt(admin: Watched, site: Site) -> None:
    page = admin.open(f"/ui/package/{site.packages['acme/bert']}/rating")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the receipt").click()
    assert b'"evidence"' in Path(download.value.path()).read_bytes()
    page.get_by_role("button", name="Rate again").click()
    expect(page.get_by_role("status").first).to_contain_text("A new rating is requested.")


def test_an_admin_adds_and_removes_a_user(admin: Watched) -> None:
    name = unique("user")
    page = admin.open("/ui/admin")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill("12345678")
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(unique("secret"))
    page.get_by_role("button", name="Add the user").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_be_visible()
    row.get_by_text("Remove", exact=True).click()
    row.get_by_role("button", name=f"Remove {name}").click()
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(0)


def test_an_api_token_is_shown_once_and_revoked(admin: Watched) -> None:
    name = unique("token")
    page = admin.open("/ui/account")
    page.get_by_text("Create a token").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("search", exact=True).check()
    page.get_by_role("button", name="Create the token").click()
    expect(page.get_by_label("The new token")).to_contain_text("reg_")
    page = admin.open("/ui/account")
    expect(page.get_by_label("The new token")).to_have_count(0)
    page.get_by_role("button", name=f"Revoke {name}").click()
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(0)


def test_quarantine_and_lift(admin: Watched, site: Site) -> None:
    package = site.packages["acme/reviews"]
    page = admin.open(f"/ui/package/{package}")
    page.get_by_role("button", name="Quarantine").click()
    expect(page.locator(".badge", has_text="quarantined")).to_be_visible()
    page = admin.open("/ui/admin/quarantine")
    page.get_by_role("row").filter(has_text="acme/reviews").get_by_role("button", name="Lift").click()
    expect(page.locator(".badge", has_text="active")).to_be_visible()
