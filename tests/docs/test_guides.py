"""The configuration files that the guides show do what the guides say."""

import configparser
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from registry.settings import Settings
from tests.api.server import RunningServer, process_environment
from tests.api.support import log_in
from tests.docs.conftest import ROOT
from tests.docs.test_commands import mistake_in
from tests.engines.nginx import running_nginx
from tests.engines.process import free_port

GUIDES = ROOT / "docs" / "guides"


@dataclass(frozen=True, slots=True)
class Proxy:
    url: str
    certificate: Path


def block(guide: str, language: str) -> str:
    found = re.search(
        rf"^```{language}\n(.*?)^```$", (GUIDES / guide).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    return found[1]


@pytest.fixture(scope="module")
def proxy(server: RunningServer, tmp_path_factory: pytest.TempPathFactory, nginx_can_run: None) -> Iterator[Proxy]:
    """nginx by the guide; only its port, its certificate and the registry's address are others."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *names], check=True, capture_output=True)
    text = block("nginx.md", "nginx")
    for shown, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/registry.example.org.pem", str(certificate)),
        ("/etc/ssl/registry.example.org.key", str(key)),
        ("http://127.0.0.1:8000", server.url),
    ):
        assert shown in text
        text = text.replace(shown, here)
    with running_nginx(folder, text, port=port):
        yield Proxy(f"https://localhost:{port}", certificate)


def test_the_registry_works_through_nginx(server: RunningServer, proxy: Proxy, tmp_path: Path) -> None:
    with log_in(server.url, server.admin_name, server.admin_password).client as admin:
        token = admin.headers["Authorization"].removeprefix("Bearer ")
    environment = process_environment(
        {"REGISTRY_SERVER": proxy.url, "REGISTRY_TOKEN": token, "SSL_CERT_FILE": str(proxy.certificate)}
    )

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "registry", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    content = tmp_path / "content.bin"
    content.write_bytes(b"more than nginx takes by itself" * 100_000)
    run("doctor")
    run("publish", "content.bin", "--name", "through/nginx", "--version", "1.0.0", "--type", "dataset")
    run("download", "through/nginx", "--output", "copy.bin")
    assert (tmp_path / "copy.bin").read_bytes() == content.read_bytes()
    verified = ssl.create_default_context(cafile=proxy.certificate)
    assert httpx.get(f"{proxy.url}/metrics", verify=verified, trust_env=False).status_code == 403


def test_the_unit_of_systemd_starts_what_there_is() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(block("systemd.md", "ini"))
    command = unit["Service"]["ExecStart"].split()
    assert command[0].endswith("/registry")
    assert mistake_in(command[1:]) is None
    assert settings(unit["Service"]["Environment"].split()) != set()
    # Longer than what the registry gives to transfers that are under way when it stops.
    assert int(unit["Service"]["TimeoutStopSec"]) >= Settings.model_fields["stop_seconds"].default


def test_the_settings_of_several_hosts_exist() -> None:
    assert settings(block("several-hosts.md", "text").split()) >= {"records", "blobs", "cache", "jobs"}


def settings(assignments: list[str]) -> set[str]:
    """The settings that are given, all of which exist."""
    names = {each.partition("=")[0].removeprefix("REGISTRY_").lower() for each in assignments}
    assert names <= set(Settings.model_fields)
    return names
