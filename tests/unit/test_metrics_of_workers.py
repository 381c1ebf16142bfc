"""Metrics of workers that share a folder, after one of them has died."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TELL = """
import sys
from prometheus_client import generate_latest
from registry.telemetry.metrics import StoreMetrics, collected_registry, scraped_registry
collected = collected_registry()
scraped = scraped_registry(collected)
StoreMetrics(collected).report_state("cache", up=sys.argv[1] == "up")
print(generate_latest(scraped).decode())
"""


@pytest.mark.parametrize("state", ["up", "down"])
def test_a_dead_workers_last_word_is_forgotten(tmp_path: Path, state: str) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def told(state: str) -> str:
        asked = [sys.executable, "-c", TELL, state]
        return subprocess.run(asked, env=environment, check=True, capture_output=True, text=True).stdout

    assert 'registry_component_up{component="cache"} 0.0' in told("down")
    now = "1.0" if state == "up" else "0.0"
    assert f'registry_component_up{{component="cache"}} {now}' in told(state)
