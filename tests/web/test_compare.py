"""Comparing two versions: pure parts, and the page."""

import time

from playwright.sync_api import expect

from registry.web.pages.compare import changed_files, line_diff
from tests.api.pickles import zipped
from tests.api.support import json_package, unique
from tests.web.conftest import Site, Watched
from tests.web.test_accessibility import violations


def changed(before: str, after: str) -> list[str] | None:
    lines = line_diff(before, after)
    return None if lines is None else [line.kind + line.text for line in lines if line.kind in "+-"]


def test_lines_that_differ() -> None:
    assert changed("a\nb\nc", "a\nB\nc") == ["-b", "+B"]
    assert changed("a", "a") == []
    assert changed("", "a\nb") == ["+a", "+b"]
    assert changed("a\na", "a\na\na") == ["+a"]


def test_equal_lines_around_a_change_do_not_count() -> None:
    same = "\n".join(str(number) for number in range(50_000))
    assert changed(f"{same}\nold\n{same}", f"{same}\nnew\n{same}") == ["-old", "+new"]


def test_hostile_texts_cost_little() -> None:
    """difflib needs minutes for READMEs of 256 KiB that are all short, repeated lines."""
    many = ["\n".join(str(number * step % 101) for number in range(80_000)) for step in (1, 7)]
    most = ["\n".join(str(number * step % 101) for number in range(1_000)) for step in (1, 7)]
    start = time.process_time()
    assert changed(*many) is None
    assert changed(*most)
    assert time.process_time() - start < 2


def test_files_are_compared_by_digest() -> None:
    before = {
        "same": {"size": 1, "sha256": "a"},
        "gone": {"size": 2, "sha256": "b"},
        "other": {"size": 3, "sha256": "c"},
    }
    after = {"same": {"size": 1, "sha256": "a"}, "new": {"size": 4, "sha256": "d"}, "other": {"size": 3, "sha256": "e"}}
    changes = changed_files(before, after)
    assert not isinstance(changes, str)
    assert [(change.path, change.kind) for change in changes] == [
        ("gone", "removed"),
        ("new", "added"),
        ("other", "changed"),
    ]


def test_two_versions_are_compared(admin: Watched, site: Site) -> None:
    name = unique("compared")
    for version, readme, license_ in (
        ("1.0.0", b"# One\n\nold line", "MIT"),
        ("2.0.0", b"# One\n\nnew line", "GPL-3.0"),
    ):
        content = zipped(README_md=readme, same_txt=b"same")
        described = json_package(content, name=name, version=version, license=license_)
        package = site.admin.client.post("/package", json=described).json()["id"]
        site.admin.client.get(f"/package/{package}/rate", params={"wait": 30})
    page = admin.open(f"/ui/package/{package}")
    page.get_by_label("Compare with").select_option(label="1.0.0")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".differs", has_text="License")).to_contain_text("GPL-3.0")
    expect(page.locator(".diff del")).to_contain_text("old line")
    expect(page.locator(".diff ins")).to_contain_text("new line")
    files = page.get_by_role("region", name="Files")
    expect(files).to_contain_text("README.md")
    expect(files).not_to_contain_text("same.txt")
    expect(page.get_by_role("region", name="Rating")).to_contain_text("net score")
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_comparison_needs_two_packages(admin: Watched, site: Site) -> None:
    page = admin.open(f"/ui/compare?from={site.packages['acme/bert']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Two packages are needed")
