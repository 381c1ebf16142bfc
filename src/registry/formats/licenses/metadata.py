"""What the metadata of Python, JavaScript and Rust packages states as their license, by name or by text.

Python: core metadata (`License-Expression`, `License`, `Classifier`; PEP 639 and before) and `pyproject.toml`. npm:
`package.json` (https://docs.npmjs.com/cli/configuring-npm/package-json#license). Cargo: `Cargo.toml`.
"""

import json
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import HeaderParser

from registry.formats.license_expressions import normalise_license
from registry.formats.license_names import MISSING, license_family, recorded_license
from registry.formats.licenses.recognising import recognise_license
from registry.formats.project_files import read_toml, table_of

Said = tuple[str | None, str]
"""A license (an SPDX expression, None for what is none that is known), and what the metadata says."""

PROPRIETARY = "LicenseRef-proprietary"
_CLASSIFIER = "License :: "
_FAMILY_ONLY = "OSI Approved"
_MAX_SAID = 100
_NAME_CHARACTERS = 200
"""What is longer, or has lines, is the license itself."""


def read_core_metadata(text: str) -> list[Said]:
    """The statements of a wheel's METADATA or an sdist's PKG-INFO."""
    headers = _headers(text)
    if expression := headers.get("License-Expression"):
        return [said(str(expression))]
    classifiers = [str(value) for value in headers.get_all("Classifier", [])]
    stated = str(headers.get("License") or "")
    return _distinct([*_by_name_or_text(stated), *_classified(classifiers)])


def read_description(text: str) -> str | None:
    """The description in core metadata, which is the package's README. None where there is none."""
    _, _, body = text.replace("\r\n", "\n").partition("\n\n")
    if body.strip():
        return body.strip("\n") + "\n"
    header = str(_headers(text).get("Description") or "")
    lines = [line.removeprefix("        ").removeprefix("       |") for line in header.splitlines()]
    return "\n".join(lines) + "\n" if header.strip() and header.strip() != "UNKNOWN" else None


def read_pyproject(text: str) -> list[Said]:
    """The statements of a `pyproject.toml`: PEP 639's expression, PEP 621's text, classifiers, Poetry's license."""
    document = read_toml(text)
    project, poetry = table_of(document.get("project")), table_of(table_of(document.get("tool")).get("poetry"))
    stated = project.get("license", poetry.get("license"))
    if isinstance(stated, dict):
        stated = stated.get("text")
    classifiers = project.get("classifiers")
    found = _by_name_or_text(stated) if isinstance(stated, str) else []
    return _distinct([*found, *_classified(classifiers if isinstance(classifiers, list) else [])])


def read_cargo(text: str) -> list[Said]:
    """The statement of a `Cargo.toml`."""
    stated = table_of(read_toml(text).get("package")).get("license")
    return [said(stated)] if isinstance(stated, str) and not _is_missing(stated) else []


def read_package_json(text: str) -> list[Said]:
    """The statement of a `package.json`. `licenses` is its older list, of which one may choose."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return []
    members = members if isinstance(members, dict) else {}
    stated = members.get("license", members.get("licenses"))
    names = [
        it.get("type") if isinstance(it, dict) else it for it in (stated if isinstance(stated, list) else [stated])
    ]
    texts = [name for name in names if isinstance(name, str)]
    if not texts or len(texts) < len(names) or texts[0].upper().startswith("SEE LICENSE"):
        return []
    if texts == ["UNLICENSED"]:
        return [(PROPRIETARY, "UNLICENSED")]  # npm: no permission at all
    return [said(" OR ".join(texts[:10]))] if not all(map(_is_missing, texts)) else []


def said(name: str) -> Said:
    """What a license's name or expression means."""
    text = " ".join(name.split())
    known = normalise_license(text)
    if known is None and not license_family(text) and " " not in text:
        known = recorded_license(text)
    return known, text[:_MAX_SAID]


def _by_name_or_text(stated: str) -> list[Said]:
    lines = [line for line in stated.splitlines() if line.strip()]
    if len(lines) <= 1 and len(stated) <= _NAME_CHARACTERS:
        return [] if _is_missing(stated) else [said(stated)]
    # A continuation line is indented by eight blanks, or by seven and a bar.
    text = "\n".join(line.removeprefix("        ").removeprefix("       |") for line in stated.splitlines())
    return [(recognise_license(text), lines[0].strip()[:_MAX_SAID])]


def _classified(classifiers: Iterable[object]) -> Iterator[Said]:
    for classifier in classifiers:
        if isinstance(classifier, str) and classifier.startswith(_CLASSIFIER):
            name = classifier.rsplit(" :: ", 1)[-1].strip()
            if name != _FAMILY_ONLY:
                yield said(name)


def _distinct(found: list[Said]) -> list[Said]:
    """Each license once. A family's name says nothing beside one of its licenses."""
    known = [license_id for license_id, _ in found if license_id]
    kept = [
        (license_id, name)
        for license_id, name in found
        if license_id or not any(known_id.startswith(license_family(name)) for known_id in known)
    ]
    return list({license_id or name: (license_id, name) for license_id, name in kept}.values())


def _headers(text: str) -> Message:
    return HeaderParser().parsestr(text.replace("\r\n", "\n"))


def _is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING
