"""Names in the browser: drafts and releases, owners, visibility, aliases; and errors of nested members."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.api.support import json_package, unique
from tests.web.conftest import Site, Watched
from tests.web.test_accessibility import violations


def publish(site: Site, **members: Any) -> str:
    answer = site.admin.client.post("/package", json=json_package(**members))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_draft_is_checked_and_released_with_an_alias(admin: Watched, site: Site, tmp_path: Path) -> None:
    name = unique("draft")
    file = tmp_path / "small.bin"
    file.write_bytes(b"hello")
    page = admin.open("/ui/publish")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Version").fill("1.0.0")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Publish as a draft").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#package-state .badge").first).to_have_text("draft")
    page = admin.open("/ui/releases")
    page.get_by_label(f"Release {name} 1.0.0").check()
    page.get_by_label("Move an alias").fill("prod")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status")).to_have_text("Nothing stands against this release.")
    expect(page.get_by_label(f"Release {name} 1.0.0")).to_be_checked()
    assert violations(page) == []
    page.get_by_role("button", name="Release", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The drafts are released.")
    named = site.admin.client.get(f"/names/model/{name}").json()
    assert (named["latest"]["version"], named["aliases"]) == ("1.0.0", {"prod": "1.0.0"})


def test_a_release_of_nothing_says_why(admin: Watched, site: Site) -> None:
    publish(site, status="draft")
    page = admin.open("/ui/releases")
    page.get_by_role("button", name="Release", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was released")
    assert violations(page) == []


def test_owners_visibility_and_aliases(admin: Watched, site: Site) -> None:
    name = unique("owned")
    package = publish(site, name=name)
    page = admin.open(f"/ui/package/{package}")
    page.locator("summary", has_text="Aliases").click()
    page.get_by_label("Alias for 1.0.0").fill("prod")
    press(page, "Set the alias")
    expect(page.get_by_role("status").first).to_have_text("The name is changed.")
    assert site.admin.client.get(f"/names/model/{name}").json()["aliases"] == {"prod": "1.0.0"}
    page.locator("summary", has_text="Aliases").click()
    press(page, "Remove the alias prod")
    page.locator("summary", has_text="Visibility").click()
    page.get_by_label("Who sees the name").select_option("private")
    press(page, "Change the visibility")
    named = site.admin.client.get(f"/names/model/{name}").json()
    assert (named["aliases"], named["visibility"]) == ({}, "private")
    page.locator("summary", has_text="Owners").click()
    page.get_by_label("Owners of the name").fill("admin nobody-of-this-name")
    press(page, "Change the owners")
    expect(page.locator("main")).to_contain_text("nobody-of-this-name")


def press(page: Page, button: str) -> None:
    """Send the form and wait for the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def test_a_name_that_changed_meanwhile_is_not_overwritten(admin: Watched, site: Site) -> None:
    name = unique("raced")
    package = publish(site, name=name)
    page = admin.open(f"/ui/package/{package}")
    site.admin.client.put(f"/names/model/{name}/aliases/first", json={"version": "1.0.0"}).raise_for_status()
    page.locator("summary", has_text="Aliases").click()
    page.get_by_label("Alias for 1.0.0").fill("second")
    page.get_by_role("button", name="Set the alias").click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text(name)
    assert site.admin.client.get(f"/names/model/{name}").json()["aliases"] == {"first": "1.0.0"}


def test_an_error_in_an_entry_is_shown_at_its_field(admin: Watched, tmp_path: Path) -> None:
    file = tmp_path / "small.bin"
    file.write_bytes(b"hello")
    page = admin.open("/ui/publish")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_label("Name", exact=True).fill(unique("web"))
    page.get_by_label("Version").fill("1.0.0")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Dependencies").fill("base_model acme/bert ^1.0.0\nbase_model acme/bert not-a-range")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_label("Dependencies")).to_be_focused()
    expect(page.locator("#dependencies-error")).to_contain_text("entry 2, version:")
    assert "dependencies-error" in (page.get_by_label("Dependencies").get_attribute("aria-describedby") or "")
    assert violations(page) == []
