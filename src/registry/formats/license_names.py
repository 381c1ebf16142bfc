"""How people write licenses, and the SPDX ids that they mean: the one table. Texts are recognised elsewhere."""

import re

from registry.formats.license_terms import TERMS

_WITHOUT_TERMS = "BSD-4-Clause LPPL-1.3c W3C"
"""Known by name; what they allow is not in the compatibility table, so nothing can be relied on."""
_WRITTEN = {
    # SPDX defined these, before it deprecated them, as that version only.
    "agpl-3.0": "AGPL-3.0-only",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "mit license": "MIT",
    "the mit license": "MIT",
    "bsd 3-clause": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only",
    "agplv3": "AGPL-3.0-only",
    "lgplv3": "LGPL-3.0-only",
    "mpl 2.0": "MPL-2.0",
    "cc0": "CC0-1.0",
    "pddl": "PDDL-1.0",
    "odbl": "ODbL-1.0",
    "c-uda": "LicenseRef-C-UDA",
    "openrail++": "LicenseRef-openrail-plus-plus",
    "proprietary": "LicenseRef-proprietary",
}
MISSING = frozenset({"", "none", "noassertion", "unknown", "other", "null", "unlicensed"})
"""Words that name no license."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")


def _table() -> dict[str, str]:
    ids = [*TERMS, *_WITHOUT_TERMS.split()]
    return {
        **{name.lower(): name for name in ids},
        **{name.removeprefix("LicenseRef-").lower(): name for name in ids if name.startswith("LicenseRef-")},
        **_WRITTEN,
    }


_IDS = _table()


def license_id(name: str) -> str | None:
    """The SPDX id that one license's name means (`LicenseRef-…` outside SPDX), None where the table has none."""
    return _IDS.get(" ".join(name.lower().split()))


def recorded_license(name: str) -> str | None:
    """What a record says for a license that a card or host names: its id, else `LicenseRef-…`, None for no name."""
    if name.strip().lower() in MISSING:
        return None
    return license_id(name) or (f"LicenseRef-{name}" if _PLAIN_NAME.fullmatch(name) else None)
