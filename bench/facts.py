"""Where and with what a run was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_VERSIONS = ("registry", "fastapi", "starlette", "uvicorn", "uvloop", "httptools")


def machine_facts() -> dict[str, str]:
    """CPU, memory, kernel and how busy the machine was when the run began."""
    cpu = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ": unknown")
    memory = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), ": 0 kB")
    return {
        "cpu": cpu.partition(":")[2].strip(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory.split()[1]) / 2**20:.1f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def run_facts(suites: list[str], *, quick: bool) -> dict[str, object]:
    """Everything that a reader needs to judge the figures."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "suites": " ".join(suites) + (" (quick: rough figures)" if quick else ""),
        "machine": machine_facts(),
        "versions": {name: version(name) for name in _VERSIONS},
    }


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "unknown") + (
        " with changes" if git("status", "--porcelain") else ""
    )
