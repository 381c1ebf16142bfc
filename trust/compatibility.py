"""Where the compatibility table differs from OSADL's matrix and from the FSF's list, and why."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.formats.license_expressions import check_license
from trust.sections import Section, table

OSADL, FSF = "OSADL", "FSF"
_FIXTURES = Path(__file__).parent / "fixtures"
_FILES = {OSADL: "osadl_matrix.csv", FSF: "fsf_licenses.csv"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a source says of a package's license in a project under another."""

    source: str
    package: str
    project: str
    compatible: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why these packages' licenses are read otherwise than `source` has it, in projects under these."""

    source: str
    packages: frozenset[str]
    projects: frozenset[str]
    why: str


def _ids(text: str) -> frozenset[str]:
    return frozenset(text.split())


REASONS = (
    Reason(
        OSADL,
        _ids("LGPL-2.0-only LGPL-2.0-or-later"),
        _ids("AGPL-3.0-only AGPL-3.0-or-later"),
        "LGPL 2.0 §3 allows any version of the GPL from 2 on, and GPL 3 §13 the AGPL 3; OSADL has no `No` for LGPL "
        "2.1, which says the same",
    ),
    Reason(
        OSADL,
        _ids("LGPL-2.0-or-later"),
        _ids("LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later"),
        '"or later" allows the later versions',
    ),
    Reason(
        OSADL,
        _ids("GPL-2.0-only GPL-3.0-only LGPL-2.1-only LGPL-3.0-only AGPL-3.0-only"),
        _ids("GPL-2.0-or-later GPL-3.0-or-later LGPL-2.1-or-later LGPL-3.0-or-later AGPL-3.0-or-later"),
        "the [FSF's matrix](https://www.gnu.org/licenses/gpl-faq.html#AllCompatibility) allows it: the whole can then "
        "be passed on under that version only",
    ),
    Reason(
        OSADL,
        _ids("LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later"),
        _ids("GPL-1.0-or-later"),
        "§3 of the LGPL allows the GPL from version 2 on, and the project's users may choose version 1",
    ),
    Reason(
        OSADL,
        _ids("MPL-2.0"),
        _ids("EUPL-1.2 LGPL-2.0-only LGPL-2.0-or-later"),
        "they are none of the secondary licenses that [MPL 2.0 §1.12](https://www.mozilla.org/MPL/2.0/) names",
    ),
    Reason(
        FSF,
        _ids("GPL-2.0-or-later"),
        _ids("GPL-3.0-only"),
        "the FSF lists version 2 itself here; its matrix allows version 3 to who has the choice",
    ),
    Reason(
        FSF,
        _ids("AGPL-3.0-only AGPL-3.0-or-later"),
        _ids("GPL-3.0-only"),
        "the FSF means linking (GPL 3 §13); a derivative of AGPL code stays under the AGPL",
    ),
    Reason(
        FSF,
        _ids("EUPL-1.1 EUPL-1.2"),
        _ids("GPL-2.0-only GPL-3.0-only"),
        "the FSF means the EUPL's own terms; the [appendix](https://eupl.eu/1.2/en/) lets a derivative go under the "
        "GPL, as the FSF says, too",
    ),
    Reason(
        FSF,
        _ids("CC-BY-SA-4.0"),
        _ids("GPL-3.0-only"),
        "[Creative Commons](https://creativecommons.org/compatiblelicenses) declares GPL 3 compatible one way; the "
        "FSF's list says so in its text",
    ),
)


def entries() -> Iterator[Entry]:
    """What both sources say."""
    for source, name in _FILES.items():
        lines = (_FIXTURES / name).read_text(encoding="utf-8").splitlines()
        header, *rows = csv.reader(line for line in lines if not line.startswith("#"))
        for package, *answers in rows:
            for project, answer in zip(header[1:], answers, strict=True):
                if answer:
                    yield Entry(source, package, project, answer == "y")


def deviations() -> list[Entry]:
    """The entries that the table contradicts."""
    return [it for it in entries() if check_license(it.package, it.project).compatible is not it.compatible]


def reason_for(entry: Entry) -> Reason | None:
    """Why the table says otherwise."""
    fitting = (it for it in REASONS if it.source == entry.source and entry.package in it.packages)
    return next((it for it in fitting if entry.project in it.projects), None)


def _table() -> str:
    compared = list(entries())
    grouped: dict[tuple[str, str, bool, str], list[str]] = defaultdict(list)
    for entry in deviations():
        reason = reason_for(entry)
        why = reason.why if reason else "**without a reason**"
        grouped[entry.source, entry.package, not entry.compatible, why].append(f"`{entry.project}`")
    counts = ", ".join(f"{sum(it.source == source for it in compared)} of {source}" for source in _FILES)
    rows = [
        (source, f"`{package}`", " ".join(projects), "yes" if ours else "no", why)
        for (source, package, ours, why), projects in grouped.items()
    ]
    head = f"Compared: {counts}; {sum(len(it) for it in grouped.values())} deviations.\n\n"
    return head + table(("source", "package", "project", "here", "because"), rows)


SECTIONS = (Section("rating.md", "license-compatibility", _table),)
