"""docs/operations.md names the settings and metrics that there are."""

import re

from tests.api.server import RunningServer
from tests.api.support import connect, eventually
from tests.docs.conftest import ROOT
from tests.docs.settings_table import with_table

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_settings_are_those_of_the_code() -> None:
    assert with_table(PAGE) == PAGE, "run: .venv/bin/python -m tests.docs.settings_table"


def test_settings_in_the_texts_exist() -> None:
    table = set(re.findall(r"^\| `(REGISTRY_\w+)`", PAGE, re.MULTILINE))
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        if page.name in ("client.md", "containers.md"):  # about other programs' variables too
            continue
        named = set(re.findall(r"\bREGISTRY_[A-Z_]+\b", page.read_text(encoding="utf-8")))
        assert named <= table | {"REGISTRY_", "REGISTRY_SERVER", "REGISTRY_TOKEN", "REGISTRY_PROFILE"}, page.name


def test_metrics_are_those_of_the_service(server: RunningServer) -> None:
    told = set(re.findall(r"^\| `(registry_\w+)`", PAGE, re.MULTILINE))
    with connect(server.url) as client:
        client.post("/auth/token", data={"username": "nobody", "password": "wrong"})
        eventually(lambda: 'registry_queue_depth{queue="ingest"} 0.0' in client.get("/metrics").text)
        names = set(re.findall(r"^# TYPE (registry_\w+)", client.get("/metrics").text, re.MULTILINE))
    assert {name for name in names if not name.endswith("_created")} == told
