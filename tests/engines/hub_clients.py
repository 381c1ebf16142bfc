"""Unmodified Hugging Face clients, each version in an environment of its own; `.ci/install-engines` makes them."""

import filecmp
import functools
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.engines.process import ENGINES, ROOT

PINS = ROOT / "tests" / "hub" / "environments"
VERSIONS = ("0.36", "1.33", "2.4")
COMPLETE = "1.33"
"""The version that has transformers and datasets beside it."""
RUN_SECONDS = 180


@dataclass(frozen=True, slots=True)
class HubClient:
    """The programs of one environment."""

    version: str

    @property
    def folder(self) -> Path:
        return ENGINES / "hub" / f"hub-{self.version}" / "bin"

    def run(
        self, program: str, *arguments: str | Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run `python` or `hf` to its end, with nothing of this process's environment but its path and locale."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return subprocess.run(
            [self.folder / program, *arguments],
            env=kept | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_COLOR": "1", "NO_PROXY": "*", **environment},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )


@functools.cache
def find_missing() -> str | None:
    """None when all environments are there as they are pinned, else one line that says why not."""
    if all(_is_complete(version) for version in VERSIONS):
        return None
    return "the Hugging Face clients are not installed as they are pinned (.ci/install-engines does it)"


def _is_complete(version: str) -> bool:
    name = f"hub-{version}"
    stamp = ENGINES / "hub" / name / "complete"
    return stamp.exists() and filecmp.cmp(PINS / f"{name}.lock", stamp, shallow=False)
