"""What IAM would answer to calls, by a simulator that .ci/install-iam installs."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / ".engines" / "iam"
_SCRIPT = _ROOT / "tests" / "deploy" / "iam" / "simulate.mjs"
ALLOWED = "Allowed"


def find_missing() -> str | None:
    if shutil.which("node") and (_FOLDER / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        return None
    return "no simulator of IAM (.ci/install-iam installs it)"


def simulated(requests: Sequence[dict[str, Any]]) -> list[str]:
    """Of each {action, resource, policies}: `Allowed`, `ImplicitlyDenied`, `ExplicitlyDenied`, or an error's text."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", _SCRIPT.read_text()],
        cwd=_FOLDER,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[str] = json.loads(done.stdout)
    return answers
