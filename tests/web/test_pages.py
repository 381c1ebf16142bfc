"""What a browser receives: safe HTML, cookies, headers, and refusals of what other sites send."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from registry.web.markdown import render_readme
from tests.api.support import connect
from tests.web.conftest import HOSTILE_NAME, Site

_CSRF = re.compile(r'name="csrf-token" content="([^"]+)"')


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with connect(site.url) as client:
        yield client


def csrf(client: httpx.Client, path: str = "/ui/sign-in") -> str:
    match = _CSRF.search(client.get(path).text)
    assert match is not None
    return match[1]


def sign_in(client: httpx.Client, site: Site, **changed: str) -> httpx.Response:
    fields = {"name": site.admin.name, "password": site.admin.password, "csrf_token": csrf(client)} | changed
    return client.post("/ui/sign-in", data=fields, headers={"Origin": site.url})


def test_the_root_leads_to_the_pages(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/ui"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: httpx.Client, site: Site) -> None:
    cookie = sign_in(client, site).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/ui" in cookie
    assert "secure" not in cookie  # this test speaks plain HTTP


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_forms_of_other_sites_are_refused(client: httpx.Client, site: Site, origin: str | None) -> None:
    sign_in(client, site)
    fields = {"csrf_token": csrf(client, "/ui"), "name": "mallory", "password": "long enough", "permission-admin": "1"}
    headers = {} if origin is None else {"Origin": origin}
    assert client.post("/ui/admin/users", data=fields, headers=headers).status_code == 403
    assert "mallory" not in client.get("/ui/admin").text


def test_a_form_without_the_csrf_token_is_refused(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    answer = client.post("/ui/admin/users", data={"name": "mallory"}, headers={"Origin": site.url})
    assert answer.status_code == 403
    assert "Load it again" in answer.text


def test_scripts_of_other_sites_cannot_use_the_session(client: httpx.Client, site: Site) -> None:
    """Without the CSRF header a change through /ui/api has no session; with a foreign Origin neither."""
    sign_in(client, site)
    body = {"name": "forged", "version": "1.0.0", "type": "code", "content_base64": "aGk="}
    assert client.get("/ui/api/packages").status_code == 200
    assert client.post("/ui/api/package", json=body, headers={"Origin": site.url}).status_code == 401
    token = {"X-CSRF-Token": csrf(client, "/ui")}
    assert (
        client.post("/ui/api/package", json=body, headers={"Origin": "https://evil.example"} | token).status_code == 401
    )
    assert client.post("/ui/api/package", json=body, headers={"Origin": site.url} | token).status_code == 201


def test_the_cookie_is_no_token_for_the_api(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    session = client.cookies["registry_session"]
    assert client.get("/packages", headers={"Cookie": f"registry_session={session}"}).status_code == 401


def test_every_page_is_locked_down(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    for path in ("/ui", "/ui/packages", f"/ui/package/{site.packages['acme/bert']}", "/ui/admin", "/ui/nowhere"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("target", ["https://evil.example/ui", "//evil.example/ui", "/ui//evil", "/ui\\evil", "/docs"])
def test_signing_in_never_leads_elsewhere(client: httpx.Client, site: Site, target: str) -> None:
    assert sign_in(client, site, next=target).headers["location"] == "/ui"


def test_signing_in_leads_to_the_page_that_was_asked_for(client: httpx.Client, site: Site) -> None:
    assert sign_in(client, site, next="/ui/packages?q=a%20b").headers["location"] == "/ui/packages?q=a%20b"


def test_a_session_that_has_ended_is_removed(client: httpx.Client, site: Site) -> None:
    client.cookies.set("registry_session", "a.b.c", domain=site.url.split("//")[1].split(":")[0], path="/ui")
    answer = client.get("/ui/account")
    assert answer.status_code == 303
    assert "registry_session=" in answer.headers["set-cookie"]
    assert "max-age=0" in answer.headers["set-cookie"].lower()


def test_user_text_is_escaped_everywhere(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    package = site.packages[HOSTILE_NAME]
    for path in ("/ui", "/ui/packages", f"/ui/package/{package}", f"/ui/package/{package}/lineage"):
        text = client.get(path).text
        assert "<svg onload" not in text
        assert "<script>alert" not in text
        assert str(7331 * 1337) not in text  # no template computed the name
        assert "{{7331*1337}}" in text or not path.startswith("/ui/package/")  # a listing may show other packages


def test_a_license_that_the_files_contradict_is_shown_as_such(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    contradicted = client.get(f"/ui/package/{site.packages['acme/reviews']}").text
    assert "contradiction, the strictest counts" in contradicted
    assert "contradict" not in client.get(f"/ui/package/{site.packages['acme/bert']}").text


def test_a_first_visit_is_small(client: httpx.Client, site: Site) -> None:
    """Under 100 KB with its style sheet and script, before compression."""
    sign_in(client, site)
    page = client.get("/ui")
    parts = re.findall(r'(?:href|src)="(/ui/static/[^"]+)"', page.text)
    total = len(page.content) + sum(len(client.get(part).content) for part in set(parts))
    assert total < 100_000


def test_static_files_never_change_under_their_address(client: httpx.Client) -> None:
    address = re.search(r"/ui/static/[^\"]+style\.css", client.get("/ui/sign-in").text)
    assert address is not None
    assert "immutable" in client.get(address[0]).headers["cache-control"]
    assert client.get("/ui/static/0000000000000000/style.css").status_code == 404


@pytest.mark.parametrize(
    "hostile",
    [
        '<img src="x" alt="a><script>alert(1)</script>">',
        '![a"><script>alert(1)</script>](x)',
        '<a href="java\nscript:alert(1)">x</a>',
        '<a href=" javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<div title="<table>" onclick=alert(1)>x</div>',
        '<td title="</table><script>alert(1)</script>">',
        "<style>*{display:none}</style>",
        '<form action="https://evil.example"><input name=password></form>',
        '<iframe src="https://evil.example"></iframe>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        '<div class="site" id="content" style="position:fixed">x</div>',
        "<!-- <script>alert(1)</script> -->",
    ],
)
def test_a_readme_can_do_nothing(hostile: str) -> None:
    html = render_readme(hostile)
    without_text = re.sub(r">[^<]*<", "><", f">{html}<")
    tags = re.findall(r"<[^>]*>", without_text)
    for tag in tags:
        assert not re.match(r"<(script|style|img|iframe|form|input|svg|math|object|embed|link|meta|base)\b", tag)
        assert not re.search(r"\son\w+=|\sstyle=|\sid=|javascript:|data:", tag)
    assert 'class="site"' not in html


@pytest.mark.parametrize("piece", ["> ", "<div>", "<b class=x>", "* a\n  ", "<table><tr><td>"])
def test_a_readme_that_is_nested_too_deeply_is_shown_as_text(piece: str) -> None:
    """Sanitizers take time by the square of the depth: these would take minutes."""
    text = "".join(piece.replace("x", str(number)) for number in range(256 * 1024 // len(piece)))
    if piece.startswith("*"):
        text = "\n".join(f"{' ' * 2 * depth}* a" for depth in range(300))
    assert render_readme(text).startswith("<pre")


def test_nesting_that_people_write_is_formatted() -> None:
    text = "\n".join(f"{' ' * 2 * depth}* a" for depth in range(20))
    assert render_readme(text).count("<ul>") == 20


def test_images_are_text_and_headings_stand_below_the_page_s() -> None:
    html = render_readme("# Title\n\n![a diagram](https://example.org/x.png)\n")
    assert "<h3>Title</h3>" in html
    assert '<span class="image">a diagram</span>' in html
    assert "example.org" not in html


def test_the_audit_is_exported_as_lines(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    package = site.packages["acme/bert"]
    answer = client.get("/ui/admin/audit/export", params={"package": package, "action": "create"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert "attachment" in answer.headers["content-disposition"]
    assert [json.loads(line)["package_id"] for line in answer.text.splitlines()] == [package]


def test_a_mistake_in_the_audit_s_filters_is_explained(client: httpx.Client, site: Site) -> None:
    sign_in(client, site)
    answer = client.get("/ui/admin/audit", params={"since": "yesterday"})
    assert answer.status_code == 422
    assert 'id="since-error"' in answer.text
    assert client.get("/ui/admin/audit", params={"action": "alias"}).status_code == 200
