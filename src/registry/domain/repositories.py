"""Packages as Hugging Face clients see them: a name is a repository, a package is a commit, its content are files.

Commits need no index: 32 digits of a commit are the package's UUID, 8 are of a digest over the content and the README.
So a commit leads to its package by one read, and stops to be one when either is replaced.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

from registry.domain.names import NamedVersion, latest_of
from registry.domain.packages import Package, PackageStatus

MAIN = "main"
COMMIT_PATTERN = re.compile(r"[0-9a-f]{40}")
REPOSITORY_PATTERN = re.compile(r"[A-Za-z0-9_.-]{1,96}(?:/[A-Za-z0-9_.-]{1,96})?")
"""The names that clients accept. They refuse others before any request."""
_ID_DIGITS = 32
_FINGERPRINT_DIGITS = 8


def commit_of(package: Package) -> str:
    """The package's commit: 40 lower-case hex digits, others once its content or its README is replaced."""
    sha256 = package.content.sha256 if package.content else ""
    digest = hashlib.sha256(sha256.encode() + b"\0")
    digest.update((package.readme or "").encode("utf-8", "surrogatepass"))
    return package.id.replace("-", "") + digest.hexdigest()[:_FINGERPRINT_DIGITS]


def package_of(commit: str) -> str:
    """The id of the package that a commit (of the form of COMMIT_PATTERN) would be of."""
    digits = commit[:_ID_DIGITS]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def main_of(versions: Iterable[NamedVersion]) -> NamedVersion | None:
    """What `main` leads to: the latest version; without one, the highest of those that are nearest to being one.

    So a client that asks for `main` hears why it gets nothing: all are deprecated, in quarantine, or not there yet.
    """
    listed = list(versions)
    if (latest := latest_of(listed)) is not None:
        return latest
    for status in (PackageStatus.DEPRECATED, PackageStatus.QUARANTINED, PackageStatus.PENDING, PackageStatus.FAILED):
        those = [replace(named, status=PackageStatus.ACTIVE) for named in listed if named.status is status]
        if (found := latest_of(those)) is not None:
            return replace(found, status=status)
    return None
