"""Previews of files: what the readers make of odd and hostile bytes, and the pages in the browser."""

import json
import struct
import time

import pytest
from playwright.sync_api import expect

from registry.web.pictures import Picture, find_picture
from registry.web.previews import preview
from tests.api.support import connect
from tests.web.conftest import PREVIEWED, Site, Watched, picture
from tests.web.test_pages import sign_in


def shown(path: str, data: bytes, *, size: int | None = None) -> tuple[str, str]:
    made = preview(path, data, len(data) if size is None else size)
    return made.kind, made.text or made.reason


def test_text_is_shown_as_it_is() -> None:
    assert shown("a.py", b"print('<b>')\n") == ("text", "print('<b>')\n")
    assert shown("a.txt", b"\xef\xbb\xbfwith a mark") == ("text", "with a mark")
    assert shown("LICENSE", "café".encode()) == ("text", "café")
    assert preview("a.txt", b"abc", 10).cut
    assert shown("a.txt", "é".encode()[:1], size=10)[0] == "none"
    assert shown("a.txt", b"caf" + "é".encode()[:1], size=10) == ("text", "caf")


@pytest.mark.parametrize("data", [b"\x00\x01", b"a\x1b[31m", b"\xff\xfe", b"PK\x03\x04"])
def test_what_is_no_text_has_no_preview(data: bytes) -> None:
    assert shown("model.bin", data)[0] == "none"
    assert shown("model.md", data)[0] == "none"


def test_characters_that_reorder_a_line_are_named() -> None:
    assert shown("a.py", "x = '\u202e'".encode()) == ("text", "x = '⟨U+202E⟩'")


def test_json_is_indented_and_not_changed() -> None:
    text = '{"a":12345678901234567890123,"a":[],"b":[1.10,{"c":"[,:{"}],"d":{}}'
    kind, indented = shown("a.json", text.encode())
    assert kind == "json"
    assert indented.splitlines()[:3] == ["{", '  "a": 12345678901234567890123,', '  "a": [],']
    assert "".join(indented.split()) == text
    assert shown("a.json", b"{oops")[0] == "text"


def test_deep_json_does_not_grow_without_bound() -> None:
    depth = 900
    deep = b"[" * depth + b"1," * 100_000 + b"1" + b"]" * depth
    made = preview("a.json", deep, len(deep))
    assert len(made.text) < 600_000
    assert made.cut


def test_tables() -> None:
    made = preview("a.csv", b'name;text\n"a;b";"two\nlines"\n\nshort\n', 40)
    assert made.rows == [["name", "text"], ["a;b", "two\nlines"], ["short", ""]]
    assert preview("a.tsv", b"a\tb,c\n", 6).rows == [["a", "b,c"]]
    many = b"a,b\n" + b"1,2\n" * 500
    assert len(preview("a.csv", many, len(many)).rows) == 101
    assert preview("a.csv", many, len(many)).cut
    assert preview("a.csv", b"a,b\n1,2\n3,", 100).rows == [["a", "b"], ["1", "2"]]
    assert shown("a.csv", b'"' + b"a" * 200_000 + b"\n") == ("text", '"' + "a" * 200_000 + "\n")


def test_tensors() -> None:
    header = json.dumps({"w": {"dtype": "F16", "shape": [2, 3]}, "s": {"dtype": "F32", "shape": []}}).encode()
    made = preview("m.safetensors", len(header).to_bytes(8, "little") + header, 10**9)
    assert [(one.name, one.dtype, one.shape) for one in made.tensors] == [("w", "F16", "2 × 3"), ("s", "F32", "scalar")]
    for damaged in (b"", b"\xff" * 20, (5).to_bytes(8, "little") + b"[1,2]", (3).to_bytes(8, "little") + b'{"a'):
        assert shown("m.safetensors", damaged)[0] == "none"


def test_notebooks_show_text_alone() -> None:
    cells = [
        {
            "cell_type": "code",
            "source": ["a\n", "b"],
            "execution_count": 3,
            "outputs": [{"output_type": "display_data"}],
        },
        {"cell_type": "code", "source": "x", "outputs": [{"data": {"text/html": "<script>", "text/plain": ["t"]}}]},
        {"cell_type": "odd", "source": 7, "outputs": "none"},
        "no cell",
    ]
    made = preview("a.ipynb", (data := json.dumps({"cells": cells}).encode()), len(data))
    assert [(cell.kind, cell.source, cell.outputs) for cell in made.cells] == [
        ("code", "a\nb", []),
        ("code", "x", ["t\n(text/html: not shown)"]),
        ("raw", "", []),
    ]
    assert shown("a.ipynb", b"{}")[0] == "text"
    assert shown("a.ipynb", b"{}", size=10**8)[0] == "none"


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (picture(), Picture("image/png", 4, 2)),
        (b"GIF89a\x05\x00\x06\x00", Picture("image/gif", 5, 6)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0\x00\x11\x08\x00\x07\x00\x09", Picture("image/jpeg", 9, 7)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x03\x00\x00\x01\x00\x00", Picture("image/webp", 4, 2)),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", None),
        (b"<html><script>alert(1)</script>", None),
        # Both GIF and text: it is served as a GIF, under a policy that runs nothing.
        (b"GIF89a\x20\x00\x20\x00<script>", Picture("image/gif", 32, 32)),
        (png(100_000, 100_000), None),
        (png(0, 5), None),
        (b"\xff\xd8\xff\xe0", None),
        (b"", None),
    ],
)
def test_the_bytes_say_what_a_picture_is(data: bytes, found: Picture | None) -> None:
    assert find_picture(data) == found


def test_hostile_jpegs_end() -> None:
    start = time.process_time()
    assert find_picture(b"\xff\xd8" + b"\xff" * 4_000_000) is None
    assert find_picture(b"\xff\xd8\xff" + b"\xe0\x00\x00\xff" * 1_000_000) is None
    assert time.process_time() - start < 5


def test_each_kind_is_shown(admin: Watched, site: Site) -> None:
    package = f"/ui/package/{site.packages['acme/files']}"
    page = admin.open(f"{package}/files")
    page.get_by_role("link", name="rows.csv", exact=True).click()
    expect(page.get_by_role("cell", name="<b>one</b>")).to_be_visible()
    page = admin.open(f"{package}/file/notes.ipynb")
    expect(page.locator(".output")).to_contain_text("42")
    expect(page.locator(".readme strong")).to_have_text("bold")
    page = admin.open(f"{package}/file/picture.png")
    page.wait_for_function("document.querySelector('img.picture').naturalWidth === 4")
    page = admin.open(f"{package}/file/drawing.svg")
    expect(page.locator("pre")).to_contain_text("<script>")
    page = admin.open(f"{package}/file/m.safetensors")
    expect(page.get_by_role("cell", name="2 × 3")).to_be_visible()


def test_a_picture_is_served_only_as_what_its_bytes_are(site: Site) -> None:
    package = f"/ui/package/{site.packages['acme/files']}/picture"
    with connect(site.url) as client:
        assert client.get(f"{package}/picture.png").status_code == 303
        sign_in(client, site)
        good = client.get(f"{package}/picture.png")
        assert good.content == PREVIEWED["picture.png"]
        assert good.headers["content-type"] == "image/png"
        assert good.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in good.headers["content-security-policy"]
        for path in ("drawing.svg", "fake.png", "rows.csv"):
            refused = client.get(f"{package}/{path}")
            assert refused.status_code == 415
            assert refused.headers["content-type"].startswith("text/html")
        assert client.get(f"{package}/nothing.png").status_code == 404
