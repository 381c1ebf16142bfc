"""REGISTRY_POLICY_FILE: one policy for every download, waivers that are shown, and what a policy would have refused."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.backends import operate
from tests.api.conftest import ServerFactory
from tests.api.server import RunningServer
from tests.api.support import JsonObject, Person, eventually, listed, logged_in, problem
from tests.api.test_hub import FILES, publish_files, refused, resolve

POLICY = """
[[rules]]
name = "licenses"
packages = ["acme/*"]
allowed_licenses = ["MIT", "Apache-2.0"]

[[rules]]
name = "age"
types = ["dataset"]
min_age_days = 7

[[waivers]]
rule = "licenses"
package = "acme/waived"
author = "alice"
reason = "bought a license"
expires = 2999-12-31
"""
WAIVED = "rule licenses is waived until 3000-01-01 by alice: bought a license"


@dataclass(frozen=True, slots=True)
class Site:
    server: RunningServer
    admin: Person
    packages: Mapping[str, JsonObject]


@pytest.fixture
def site(start: ServerFactory, backend: Mapping[str, str], tmp_path: Path) -> Iterator[Site]:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    server = start(**backend, REGISTRY_POLICY_FILE=str(file))
    with logged_in(server.url, server.admin_name, server.admin_password) as admin:
        published = {
            "free": publish_files(admin, FILES, name="acme/free", license="GPL-3.0-only OR MIT"),
            "strict": publish_files(admin, FILES, name="acme/strict", license="GPL-3.0-only"),
            "waived": publish_files(admin, FILES, name="acme/waived", license="GPL-3.0-only"),
            "other": publish_files(admin, FILES, name="other/strict", license="GPL-3.0-only"),
            "young": publish_files(admin, FILES, name="other/young", type="dataset"),
        }
        yield Site(server, admin, published)


def test_one_policy_decides_about_every_download(site: Site) -> None:
    client = site.admin.client
    reasons = {"strict": ("licenses", "GPL-3.0-only"), "young": ("age", "7 days")}
    for name, package in site.packages.items():
        path = f"/package/{package['id']}"
        answers = [client.get(f"{path}/content?redirect=false"), client.get(f"{path}/files/bert/config.json")]
        prefix = "datasets/" if package["type"] == "dataset" else ""
        from_hub = resolve(site.admin, prefix + package["name"], "config.json")
        if name not in reasons:
            assert [answer.status_code for answer in (*answers, from_hub)] == [200, 200, 200], name
            continue
        rule, reason = reasons[name]
        for answer in answers:
            document = problem(answer, 409, slug="policy-refused")
            assert [found["rule"] for found in document["rules"]] == [rule]
            assert reason in document["detail"]
        refused(from_hub, 403, "GatedRepo", reason)
        assert client.get(path).status_code == 200, "its metadata is there"


def commit(package: JsonObject) -> str:
    """The package's commit, which nobody is given of a package that is refused."""
    digest = hashlib.sha256(package["content"]["sha256"].encode() + b"\0")
    return str(package["id"].replace("-", "") + digest.hexdigest()[:8])


def addresses(package: JsonObject) -> list[str]:
    """Every address of bytes of the package, and of the list of its files."""
    own, name = f"/package/{package['id']}", package["name"]
    found = [f"{own}/content{query}" for query in ("", "?redirect=false", "?part=code", "?part=weights")]
    found += [f"{own}/files", f"{own}/files?prefix=bert&wait=1"]
    found += [f"{own}/files/bert/config.json{query}" for query in ("", "?redirect=false")]
    for revision in ("main", "latest", "1.0.0", "v1.0.0", "prod", package["id"], commit(package)):
        found += [f"/hf/{name}/resolve/{revision}/{path}" for path in ("config.json", "absent", "sub/deep/x")]
        of_api = f"/hf/api/models/{name}"
        found += [f"{of_api}/{what}/{revision}" for what in ("revision", "tree", "commits")]
        found.append(f"{of_api}/tree/{revision}/sub?recursive=true&expand=true")
    return [*found, f"/hf/api/models/{name}", f"/hf/api/models/{name}/auth-check"]


def test_what_is_refused_is_reached_on_no_way(site: Site) -> None:
    client, strict, waived = site.admin.client, site.packages["strict"], site.packages["waived"]
    for package in (strict, waived):
        alias = client.put(f"/names/model/{package['name']}/aliases/prod", json={"version": "1.0.0"})
        assert alias.status_code == 200, alias.text
    for address in addresses(strict):
        for method, headers in (("GET", {}), ("GET", {"Range": "bytes=0-0"}), ("HEAD", {})):
            answer = client.request(method, address, headers=headers)
            if method == "HEAD" and answer.status_code == 405:
                continue
            assert answer.status_code == (403 if address.startswith("/hf") else 409), (method, address, answer.text)
            assert "location" not in answer.headers
            assert "content-range" not in answer.headers
            assert method == "HEAD" or "GPL-3.0-only" in answer.text, (address, answer.text)
    form = {"paths": ["config.json"], "expand": "true"}
    refused(client.post("/hf/api/models/acme/strict/paths-info/main", data=form), 403, "GatedRepo", "GPL-3.0-only")
    # The addresses are right: with a waiver, they lead to bytes, and each answer shows it.
    for address in addresses(waived):
        answer = client.get(address)
        there = answer.status_code < 400 or "absent" in address or "weights" in address
        assert there, (address, answer.text)
        if answer.status_code < 400 and ("/content" in address or "/files/" in address):
            assert answer.headers["x-policy-waiver"] == WAIVED, address
        if answer.status_code == 200 and address.startswith("/hf/api/models") and "auth-check" not in address:
            assert WAIVED in answer.headers["x-hf-warning"], address


def test_a_waiver_is_shown_where_the_refusal_would_have_been(site: Site) -> None:
    package = site.packages["waived"]
    content = site.admin.client.get(f"/package/{package['id']}/content", params={"redirect": "false"})
    assert content.headers["x-policy-waiver"] == WAIVED
    head = site.admin.client.head(f"/hf/{package['name']}/resolve/main/config.json")
    assert WAIVED in head.headers["x-hf-warning"]
    free = site.admin.client.get(f"/package/{site.packages['free']['id']}/content", params={"redirect": "false"})
    assert "x-policy-waiver" not in free.headers


def test_a_replay_says_what_would_have_been_refused(site: Site, tmp_path: Path) -> None:
    free, client = site.packages["free"], site.admin.client
    assert client.get(f"/package/{free['id']}/content", params={"redirect": "false"}).status_code == 200
    eventually(lambda: any(entry["action"] == "download" for entry in listed(client, f"/package/{free['id']}/audit")))
    stricter = tmp_path / "stricter.toml"
    stricter.write_text(POLICY.replace('"MIT", ', ""))
    printed = operate(site.server.environment, "policy", "replay", str(stricter), "--days", "1", "--json")
    found = {each["name"]: each for each in map(json.loads, printed.splitlines())}
    assert found.keys() == {"acme/free", "acme/strict", "acme/waived", "other/young"}
    assert found["acme/free"]["downloads"] == [{"user": site.admin.name, "count": 1}]
    assert [each["rule"] for each in found["acme/free"]["download_refusals"]] == ["licenses"]
    assert (found["acme/waived"]["now"], found["acme/waived"]["waivers"]) == ("waived", [WAIVED])
    assert found["acme/strict"]["downloads"] == []


def test_a_policy_file_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    assert "2 rules, 1 waivers: valid" in operate({}, "policy", "check", str(file))
    file.write_text(POLICY.replace("2999", "2001"))
    assert "expired: acme/waived" in operate({}, "policy", "check", str(file))
    file.write_text(POLICY.replace("min_age_days = 7", "min_age_days = -7"))
    printed = operate({}, "policy", "check", str(file), expected=1)
    assert "/rules/1/min_age_days: a number from 0 to 3650" in printed
    # A server does not start with it.
    settings = {"REGISTRY_POLICY_FILE": str(file), "REGISTRY_DATA_DIR": str(tmp_path / "data")}
    assert "/rules/1/min_age_days" in operate(settings, "names", "check", expected=2)
