"""Lineage in the browser: what a package is made from, and what is made from it."""

from playwright.sync_api import expect

from registry.web.pages.lineage import above_quarantined
from tests.api.support import publish, unique
from tests.web.conftest import Site, Watched
from tests.web.test_accessibility import violations


def test_what_is_above_a_quarantined_package_ends_with_cycles() -> None:
    pairs = (("a", "b"), ("b", "c"), ("c", "b"), ("a", "d"))
    edges = [{"from": source, "to": target} for source, target in pairs]
    nodes = [{"id": id_, "status": "quarantined" if id_ == "c" else "active"} for id_ in "abcd"]
    assert above_quarantined({"nodes": nodes, "edges": edges}) == {"a", "b", "c"}


def test_a_quarantined_ancestor_and_a_license_conflict_are_shown(admin: Watched, site: Site) -> None:
    client = site.admin.client
    data = publish(client, name=unique("data"), type="dataset", license="CC-BY-NC-4.0")
    needs = [{"relation": "training_dataset", "name": data["name"]}]
    middle = publish(client, name=unique("middle"), license="MIT", dependencies=needs)
    top = publish(client, dependencies=[{"relation": "base_model", "name": middle["name"]}])
    client.patch(f"/package/{data['id']}", json={"status": "quarantined"}).raise_for_status()

    page = admin.open(f"/ui/package/{top['id']}")
    expect(page.locator(".notice.bad")).to_contain_text(data["name"])
    page = admin.open(f"/ui/package/{middle['id']}/lineage")
    expect(page.locator(".notice.bad")).to_contain_text(data["name"])
    expect(page.locator(".notice.warn")).to_contain_text("CC-BY-NC-4.0")
    expect(page.get_by_role("listitem").filter(has_text=top["name"]).locator(".badge")).to_have_text(
        "made from quarantined"
    )
    assert violations(page) == []
