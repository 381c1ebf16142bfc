"""Which files of an archive speak of its license, and what they say. Whoever walks asks `wanted` for each file."""

import re
from collections.abc import Callable

from registry.domain.evidence import LicenseSource, LicenseStatement
from registry.formats.front_matter import split_front_matter, stated_licenses
from registry.formats.license_names import MISSING
from registry.formats.licenses.metadata import (
    Said,
    read_cargo,
    read_core_metadata,
    read_package_json,
    read_pyproject,
    said,
)
from registry.formats.licenses.recognising import MAX_LICENSE_BYTES, Recognised, recognise

MAX_STATEMENTS = 40
MAX_METADATA_BYTES = 256 * 1024
NOISE = ("__MACOSX", ".DS_Store")
"""What a Mac adds beside the one folder that its user packed."""

_TEXT = re.compile(r"(?:un)?licen[sc]e[s]?(?:[-_.][\w.+-]{1,60})?|copying(?:[-_.][\w.+-]{1,60})?", re.IGNORECASE)
_WITHIN = re.compile(r"[\w.+-]{1,60}[-_.](?:licen[sc]e|copying)(?:\.(?:txt|md|rst))?", re.IGNORECASE)
_NO_TEXT = re.compile(r"\.(?:py|js|ts|c|h|rs|go|java|sh|json|toml|ya?ml|html?|pdf|xml|csv|png|svg)$", re.IGNORECASE)
_CARD = re.compile(r"(?:readme|model[-_]?card)(?:\.(?:md|markdown))?", re.IGNORECASE)
_METADATA: dict[str, Callable[[str], list[Said]]] = {
    "PKG-INFO": read_core_metadata,
    "METADATA": read_core_metadata,
    "pyproject.toml": read_pyproject,
    "package.json": read_package_json,
    "Cargo.toml": read_cargo,
}


class LicenseFiles:
    """Gathers the statements of an archive's root, or of the one folder that all is in; and of a wheel's metadata."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str, list[LicenseStatement]]] = []
        self._tops: set[str] = set()
        self._has_root_files = False
        self._cut = False
        self._notes: dict[str, str] = {}

    def wanted(self, path: str) -> int:
        """Note a file (its path's parts are safe); how many of its bytes `take` needs, 0 when it needs none."""
        parts = path.split("/")
        if parts[0] in NOISE or parts[-1] in NOISE or parts[-1].startswith("._"):
            return 0
        if len(parts) == 1:
            self._has_root_files = True
        elif len(self._tops) < 2:
            self._tops.add(parts[0])
        source = _source(path)
        if source is None:
            return 0
        if len(self._found) >= MAX_STATEMENTS:
            self._cut = True
            return 0
        return MAX_LICENSE_BYTES + 1 if source is LicenseSource.TEXT else MAX_METADATA_BYTES + 1

    def take(self, path: str, data: bytes | None) -> None:
        """Read a file that was wanted; None where its bytes cannot be had."""
        source = _source(path)
        if source is None:
            return
        if data is None or (b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff"))):
            unread = "it cannot be read" if data is None else "it is no text"
            found = [LicenseStatement(path, source, None, unread)] if source is LicenseSource.TEXT else []
        else:
            text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "replace")
            found = []
            if source is not LicenseSource.TEXT:
                found = _stated(path, source, text)
            elif text.strip():
                recognised = recognise(text)
                found = [_statement(path, recognised)]
                if recognised.is_note and found[0].license is None:
                    self._notes[path] = text
        self._found.append((_depth(path), path, found))

    def statements(self) -> tuple[LicenseStatement, ...]:
        """What the files that count say, in the order of their paths: card, metadata, texts."""
        counted_depth = 1 if len(self._tops) == 1 and not self._has_root_files else 0
        found = [it for depth, _, statements in self._found if depth in (-1, counted_depth) for it in statements]
        known = [it.path.rsplit("/", 1)[-1] for it in found if it.source is LicenseSource.TEXT and it.license]
        # A note that names the license files beside it is none itself.
        found = [it for it in found if not any(name in self._notes.get(it.path, "") for name in known)]
        if self._cut:
            found.append(LicenseStatement("", LicenseSource.TEXT, None, f"more than {MAX_STATEMENTS} license files"))
        order = list(LicenseSource)
        return tuple(sorted(found, key=lambda it: (order.index(it.source), it.path)))[: MAX_STATEMENTS + 1]


def _depth(path: str) -> int:
    """How deep below the folder that counts the file stands; -1 for what always counts."""
    parts = path.split("/")
    if parts[0].endswith(".dist-info") or parts[0] == "LICENSES":
        return -1
    if "LICENSES" in parts[:-1]:
        return parts.index("LICENSES")
    return len(parts) - 1


def _source(path: str) -> LicenseSource | None:
    parts, name = path.split("/"), path.rsplit("/", 1)[-1]
    in_wheel = parts[0].endswith(".dist-info")
    if in_wheel:
        if len(parts) == 2 and name == "METADATA":
            return LicenseSource.METADATA
        return LicenseSource.TEXT if _is_license_name(name) else None
    if "LICENSES" in parts[:-1]:
        # REUSE: one file for each license that something in the folder is under.
        return LicenseSource.TEXT if parts.index("LICENSES") == len(parts) - 2 <= 1 else None
    if len(parts) > 2:
        return None
    if name in _METADATA and name != "METADATA":
        return LicenseSource.METADATA
    if _CARD.fullmatch(name):
        return LicenseSource.CARD
    return LicenseSource.TEXT if _is_license_name(name) else None


def _is_license_name(name: str) -> bool:
    return not _NO_TEXT.search(name) and bool(_TEXT.fullmatch(name) or _WITHIN.fullmatch(name))


def _statement(path: str, text: Recognised) -> LicenseStatement:
    if known := text.license or _named_by_reuse(path):
        return LicenseStatement(path, LicenseSource.TEXT, known)
    return LicenseStatement(path, LicenseSource.TEXT, None, part_of=text.part_of, holds=text.holds)


def _stated(path: str, source: LicenseSource, text: str) -> list[LicenseStatement]:
    """What card and metadata state by name."""
    if source is LicenseSource.CARD:
        front, _ = split_front_matter(text)
        names = [name for name in stated_licenses(front) if name.lower() not in MISSING]
        pairs = [said(name) for name in names]
    else:
        pairs = _METADATA[path.rsplit("/", 1)[-1]](text)
    return [LicenseStatement(path, source, known, name) for known, name in pairs]


def _named_by_reuse(path: str) -> str | None:
    """A license outside SPDX's list by its file's name (`LICENSES/LicenseRef-Ours.txt`)."""
    name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return name if "/LICENSES/" in f"/{path}" and name.startswith("LicenseRef-") else None
