"""Swagger UI and ReDoc in a browser: usable, and nothing from other hosts."""

from playwright.sync_api import expect

from registry.web.documentation_pages import redoc_script
from tests.web.conftest import Watched


def test_swagger_ui_asks_for_name_and_password_only(visitor: Watched) -> None:
    page = visitor.open("/docs")
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.locator("#oauth_username")).to_be_visible()
    expect(page.locator("#oauth_password")).to_be_visible()
    for unused in ("#client_id_password", "#client_secret_password", "#password_type"):
        expect(page.locator(unused)).to_be_hidden()


def test_swagger_ui_does_not_fill_in_an_idempotency_key(visitor: Watched) -> None:
    """The same key with every try would make the second publish a repetition of the first."""
    page = visitor.open("/docs#/packages/publish_package")
    operation = page.locator("#operations-packages-publish_package")
    operation.get_by_role("button", name="Try it out").click()
    expect(operation.get_by_placeholder("Idempotency-Key")).to_have_value("")


def test_redoc_shows_the_contract(visitor: Watched) -> None:
    page = visitor.open("/redoc")
    expect(page.get_by_role("heading", name="Registry").first).to_be_visible()
    page.get_by_role("link", name="Packages", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_logo_of_redoc_s_maker_is_removed() -> None:
    """Fails where a new version of ReDoc names it in another way: then `documentation_pages` has to follow."""
    assert b"redoc.ly/redoc/logo" not in redoc_script()
    assert b"data:image/gif;base64," in redoc_script()
