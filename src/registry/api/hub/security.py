"""Verdicts in the words of Hugging Face clients."""

import json
from collections.abc import Callable
from typing import Any

from registry.domain.verdicts import Verdict

_LEVELS = {"dangerous": "unsafe", "suspicious": "suspicious"}


def repository_status(verdict: Verdict | None) -> dict[str, Any]:
    """`securityRepoStatus`: whether the scan is done and was complete, and the files with findings."""
    if verdict is None:
        return {"scansDone": False, "filesWithIssues": []}
    members = json.loads(verdict.body)
    issues = [{"path": found["path"], "level": _LEVELS[found["level"]]} for found in members["findings"]]
    return {"scansDone": not members["not_scanned"], "filesWithIssues": issues}


def statuses_by_path(verdict: Verdict | None) -> Callable[[str], dict[str, Any]]:
    """`securityFileStatus` of a file by its path in the archive. What could not be read is never called safe."""
    if verdict is None:
        return lambda _: _file_status("queued")
    members = json.loads(verdict.body)
    found: dict[str, str] = {}
    # Where a part was not read, only what was read is known to be safe.
    otherwise = "unscanned" if members["not_scanned"] else "safe"
    if members["not_scanned"]:
        found |= {_outer(path): "safe" for path in members["scanned"]}
        found |= {_outer(missed["path"]): "unscanned" for missed in members["not_scanned"]}
    # The worst is last, and so stays.
    for finding in sorted(members["findings"], key=lambda finding: finding["level"] == "dangerous"):
        found[_outer(finding["path"])] = _LEVELS[finding["level"]]
    return lambda path: _file_status(found.get(path, otherwise))


def _file_status(status: str) -> dict[str, Any]:
    """Clients demand the two other members, which say what the Hub's own scanners found."""
    return {"status": status, "avScan": None, "pickleImportScan": None}


def _outer(path: str) -> str:
    """The file of the package that a path in a nested archive lies in."""
    return path.partition("!/")[0]
