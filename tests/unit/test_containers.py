"""The container files keep to what the rest of the project says; that they run, docs/containers.md lets you try."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.settings import Settings

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    return services


def test_settings_exist(services: dict[str, dict[str, Any]]) -> None:
    named = {name for name in services["api"]["environment"] if name.startswith("REGISTRY_")}
    known = {f"REGISTRY_{name.upper()}" for name in Settings.model_fields}
    assert named
    assert named <= known


def test_ports_are_open_to_this_machine_only(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_secrets_say_that_they_are_local(services: dict[str, dict[str, Any]]) -> None:
    secrets = {
        name: value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|KEY", name)
    }
    assert {"REGISTRY_JWT_SECRET", "AWS_SECRET_ACCESS_KEY", "ROOT_SECRET_KEY"} <= secrets.keys()
    # An access key id of DynamoDB Local has letters and digits only.
    assert all("localonly" in value.replace("-", "") for value in secrets.values())


def test_server_takes_the_credentials_of_the_registry(services: dict[str, dict[str, Any]]) -> None:
    server, client = services["s3"]["environment"], services["api"]["environment"]
    assert server["ROOT_ACCESS_KEY"] == client["AWS_ACCESS_KEY_ID"]
    assert server["ROOT_SECRET_KEY"] == client["AWS_SECRET_ACCESS_KEY"]


def test_registry_runs_without_privileges(services: dict[str, dict[str, Any]]) -> None:
    for name in ("api", "worker", "init"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    image = (PROJECT / "docker" / "Dockerfile").read_text()
    assert re.findall(r"^USER (.*)$", image, re.MULTILINE) == ["10001:10001"]


def test_containers_run_the_s3_server_that_the_tests_use() -> None:
    tested = re.search(r"^version=(\S+)$", (PROJECT / ".ci" / "install-s3").read_text(), re.MULTILINE)
    shipped = re.search(
        r"^ARG VERSITYGW_VERSION=(\S+)$", (PROJECT / "docker" / "s3.Dockerfile").read_text(), re.MULTILINE
    )
    assert tested is not None
    assert shipped is not None
    assert tested[1] == shipped[1]


def test_builds_get_nothing_but_what_they_need() -> None:
    """Every file that a Dockerfile copies is let through, and the list starts by shutting everything out."""
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied: set[str] = set()
    for dockerfile in PROJECT.glob("docker/*Dockerfile"):
        for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile.read_text(), re.MULTILINE):
            copied.update(sources.split())
    assert copied == allowed


def test_the_builds_get_every_file_that_they_copy() -> None:
    ignore = (PROJECT / ".dockerignore").read_text().splitlines()
    let_through = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    for dockerfile in (PROJECT / "docker").glob("Dockerfile*"):
        for sources in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile.read_text(), re.MULTILINE):
            for source in sources.split():
                assert (PROJECT / source).exists(), source
                assert any(source == each or source.startswith(f"{each}/") for each in let_through), source
