"""Runs in a client's own environment: takes a snapshot of a repository and prints its commit and files as JSON."""

import json
import sys
from pathlib import Path

from huggingface_hub import snapshot_download

folder = Path(snapshot_download(sys.argv[1]))
files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
print(json.dumps({"commit": folder.name, "files": files}))
