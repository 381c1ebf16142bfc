"""Whatever is refused, users of unmodified clients read why: in Python and on the command line."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.api.backends import BACKENDS, backend_settings
from tests.api.pickles import dangerous
from tests.api.support import eventually, fetch, unique
from tests.hub.conftest import FILES, Site, World, publish_files, running_site, zipped

LOWEST = "0.99"
POLICY = """
[[rules]]
name = "licenses"
packages = ["*/licensed"]
allowed_licenses = ["MIT"]

[[rules]]
name = "age"
packages = ["*/young"]
min_age_days = 7

[[rules]]
name = "scores"
packages = ["*/poor"]
min_net_score = 0.98

[[rules]]
name = "verdicts"
packages = ["*/unclear"]
worst_verdict = "clean"
"""
_MISSING = "RepositoryNotFoundError"
_REVISION = "RevisionNotFoundError"
_REFUSED = "GatedRepoError"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is asked for, what clients raise, and what users must read."""

    wanted: str
    raised: str
    text: str


@pytest.fixture(scope="module", params=BACKENDS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A registry that has a reason to refuse each of its repositories."""
    settings = {"REGISTRY_ALLOW_PRIVATE_TARGETS": "true", "REGISTRY_MIN_SERVE_SCORE": LOWEST}
    settings |= backend_settings(request, request.param)
    folder = tmp_path_factory.mktemp("refusals")
    (folder / "policy.toml").write_text(POLICY)
    settings["REGISTRY_POLICY_FILE"] = str(folder / "policy.toml")
    # So much of the net score cannot be known that none reaches the lowest one: see `low`.
    with running_site(folder / "data", request.param, settings) as site:
        yield site


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    """A reader's: owners and admins see more."""
    user = {"name": unique("reader"), "password": "correct horse battery", "permissions": ["search", "download"]}
    assert site.admin.client.post("/users", json=user).status_code == 201
    answer = site.admin.client.post(
        "/auth/token", data={"username": user["name"], "password": user["password"], "grant_type": "password"}
    )
    text: str = answer.json()["access_token"]
    return text


@pytest.fixture(scope="module")
def refusals(site: Site) -> Iterator[list[Refusal]]:
    client = site.admin.client
    bad = publish_files(site, site.name("bad"), "1.0.0", dangerous())
    eventually(lambda: fetch(client, bad)["status"] == "quarantined", timeout_seconds=60)
    private = publish_files(site, site.name("private"), "1.0.0", zipped(FILES))
    hide = client.put(f"/names/model/{private['name']}/visibility", json={"visibility": "private", "readers": []})
    assert hide.status_code == 200, hide.text
    low = publish_files(site, site.name("low"), "1.0.0", zipped(FILES))
    publish_files(site, site.name("licensed"), "1.0.0", zipped(FILES), license="GPL-3.0-only")
    publish_files(site, site.name("young"), "1.0.0", zipped(FILES))
    publish_files(site, site.name("poor"), "1.0.0", zipped(FILES))
    unclear = publish_files(site, site.name("unclear"), "1.0.0", zipped({"a.pkl": b"cacme_shapes\nCircle\n."}))
    eventually(lambda: client.get(f"/package/{unclear['id']}/safety").json()["status"] == "suspicious")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.zip"
        wanted = {"name": site.name("pending"), "version": "1.0.0", "type": "model", "source_url": url}
        assert client.post("/package", json=wanted).status_code == 202
        yield [
            Refusal(site.name("absent"), _MISSING, "There is no model"),
            Refusal(site.name("private"), _MISSING, "There is no model"),
            Refusal(f"{site.name('low')}@9.9.9", _REVISION, "has no revision '9.9.9'"),
            Refusal(site.name("bad"), _REFUSED, "quarantined"),
            Refusal(f"{site.name('bad')}@{bad['id']}", _REFUSED, "quarantined"),
            Refusal(site.name("pending"), _REFUSED, "still being fetched"),
            Refusal(low["name"], _REFUSED, LOWEST),
            Refusal(site.name("licensed"), _REFUSED, "its license (GPL-3.0-only) is not allowed (rule licenses)"),
            Refusal(site.name("young"), _REFUSED, "(rule age)"),
            Refusal(site.name("poor"), _REFUSED, "0.98 is the lowest allowed (rule scores)"),
            Refusal(site.name("unclear"), _REFUSED, "clean is the worst allowed (rule verdicts)"),
        ]


def test_the_reason_is_read_in_python(refusals: list[Refusal], world: World) -> None:
    found = world.python("refusals", *(refusal.wanted for refusal in refusals))
    for refusal in refusals:
        for call, seen in found[refusal.wanted].items():
            where = (refusal.wanted, call, seen)
            assert seen, where
            # Newer clients raise it for snapshots from an error of their own, which has the text.
            assert refusal.raised == seen["class"] or call == "snapshot_download", where
            assert refusal.text in seen["text"], where


def test_the_reason_is_read_on_the_command_line(refusals: list[Refusal], world: World) -> None:
    # One of each class: the class decides how the command prints the reason.
    for refusal in {refusal.raised: refusal for refusal in refusals}.values():
        repo, _, revision = refusal.wanted.partition("@")
        code, printed = world.hf("download", repo, *(["--revision", revision] if revision else []))
        assert code != 0, printed
        # For what is not there, newer commands have a text of their own.
        assert refusal.text in printed or (refusal.raised != _REFUSED and "not found" in printed.lower()), printed
