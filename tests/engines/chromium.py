"""The browser that the pages are tested with: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

__all__ = ["Browser", "find_missing", "running_chromium"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def _program() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def find_missing() -> str | None:
    """What is missing to run the browser, None if nothing is."""
    return None if _program() else "Chromium is not installed (Debian: apt-get install chromium)"


@contextmanager
def running_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(), args=list(_ARGUMENTS))
        yield browser
        browser.close()
