"""Runs in a client's own environment: asks for repositories that are refused, and prints what users see as JSON.

Arguments: repositories, each perhaps with `@` and a revision.
"""

import json
import sys
from typing import Any

from huggingface_hub import HfApi, hf_hub_download, snapshot_download


def seen(ask: Any, *arguments: Any, **options: Any) -> dict[str, str]:
    """The class and the text of what a call raises; empty where it raises nothing."""
    try:
        ask(*arguments, **options)
    except Exception as error:  # noqa: BLE001  (whatever it is, users see it)
        return {"class": type(error).__name__, "text": str(error)}
    return {}


api = HfApi()
found = {}
for wanted in sys.argv[1:]:
    repo, _, revision = wanted.partition("@")
    at = {"revision": revision} if revision else {}
    found[wanted] = {
        "model_info": seen(api.model_info, repo, **at),
        "hf_hub_download": seen(hf_hub_download, repo, "config.json", **at),
        "snapshot_download": seen(snapshot_download, repo, **at),
    }
print(json.dumps(found))
