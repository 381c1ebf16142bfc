"""The files of a package in the browser: a tree, also of names that are odd."""

import html
from urllib.parse import quote

from registry.web.pages.files import tree_rows
from tests.api.support import connect, publish
from tests.archive_forms import zipped
from tests.web.conftest import Site
from tests.web.test_pages import sign_in

FILES = {"README.md": b"1", "data/a/1.csv": b"22", "data/a/2.csv": b"3", "data/b?.csv": b"4", "data2/<i>#50%.txt": b"5"}


def test_rows_of_a_tree() -> None:
    rows = tree_rows([{"path": path} for path in sorted(FILES)])
    assert [(depth, name, path) for depth, name, path, _ in rows] == [
        (0, "README.md", "README.md"),
        (0, "data/", "data/"),
        (1, "a/", "data/a/"),
        (2, "1.csv", "data/a/1.csv"),
        (2, "2.csv", "data/a/2.csv"),
        (1, "b?.csv", "data/b?.csv"),
        (0, "data2/", "data2/"),
        (1, "<i>#50%.txt", "data2/<i>#50%.txt"),
    ]


def test_files_are_a_tree_whose_links_lead_to_the_bytes(site: Site) -> None:
    with connect(site.url, site.admin.token) as api:
        package = publish(api, zipped(FILES), filename="tree.zip")
        assert api.get(f"/package/{package['id']}/files", params={"wait": 30}).status_code == 200
    with connect(site.url) as client:
        sign_in(client, site)
        page = client.get(f"/ui/package/{package['id']}/files")
        assert page.status_code == 200
        for path, data in FILES.items():
            link = f"/ui/api/package/{package['id']}/files/{quote(path)}"
            assert html.escape(link) in page.text
            assert client.get(link).content == data
        folder = client.get(f"/ui/package/{package['id']}/files", params={"prefix": "data/"})
        assert "2.csv" in folder.text
        assert "README.md" not in folder.text.split("<table", 1)[1]
