"""Runs in a client's own environment: downloads a file, again when it broke, and prints its digest as JSON.

Arguments: the repository and the file.
"""

import hashlib
import json
import sys
from pathlib import Path

from huggingface_hub import hf_hub_download

try:
    path = hf_hub_download(sys.argv[1], sys.argv[2])
except OSError:
    # Clients before 1.0 leave the second try to their users.
    path = hf_hub_download(sys.argv[1], sys.argv[2])
print(json.dumps({"sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}))
