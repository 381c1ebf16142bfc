"""How people write licenses, and the SPDX ids that they mean: the one table. Texts are recognised elsewhere."""

import re

from registry.formats.license_terms import TERMS

_WITHOUT_TERMS = "BSD-4-Clause LPPL-1.3c W3C LGPLLR LicenseRef-C-UDA LicenseRef-apple-ascl LicenseRef-open-mdw"
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
    "apache license version 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache-2.0 license": "Apache-2.0",
    "mit license": "MIT",
    "mit license (mit)": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "expat": "MIT",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "modified bsd license": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "zlib/libpng license": "Zlib",
    "the unlicense (unlicense)": "Unlicense",
    "the unlicense": "Unlicense",
    "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
    "mit no attribution license (mit-0)": "MIT-0",
    "boost software license 1.0 (bsl-1.0)": "BSL-1.0",
    "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only",
    "gplv2+": "GPL-2.0-or-later",
    "gplv3+": "GPL-3.0-or-later",
    "agplv3": "AGPL-3.0-only",
    "agplv3+": "AGPL-3.0-or-later",
    "lgplv2+": "LGPL-2.0-or-later",
    "lgplv3": "LGPL-3.0-only",
    "lgplv3+": "LGPL-3.0-or-later",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v2 (lgplv2)": "LGPL-2.0-only",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "european union public licence 1.1 (eupl 1.1)": "EUPL-1.1",
    "european union public licence 1.2 (eupl 1.2)": "EUPL-1.2",
    "eclipse public license 1.0 (epl-1.0)": "EPL-1.0",
    "eclipse public license 2.0 (epl-2.0)": "EPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mozilla public license 1.1 (mpl 1.1)": "MPL-1.1",
    "microsoft public license (ms-pl)": "MS-PL",
    "open software license 3.0 (osl-3.0)": "OSL-3.0",
    "postgresql license": "PostgreSQL",
    "universal permissive license (upl)": "UPL-1.0",
    "mulan permissive software license v2 (mulanpsl-2.0)": "MulanPSL-2.0",
    "lgpl-lr": "LGPLLR",
    "fair-noncommercial-research-license": "LicenseRef-fair-noncommercial-research",
    "grok2-community": "LicenseRef-grok2-community",
    "other/proprietary license": "LicenseRef-proprietary",
    "cc0": "CC0-1.0",
    "pddl": "PDDL-1.0",
    "odbl": "ODbL-1.0",
    "c-uda": "LicenseRef-C-UDA",
    "openrail++": "LicenseRef-openrail-plus-plus",
    "proprietary": "LicenseRef-proprietary",
}
MISSING = frozenset({"", "none", "noassertion", "unknown", "other", "null", "unlicensed"})
"""Words that name no license."""

FAMILIES = {
    "apache": ("Apache-",),
    "apache license": ("Apache-",),
    "apache software license": ("Apache-",),
    "asl": ("Apache-",),
    "bsd": ("BSD-", "0BSD"),
    "bsd license": ("BSD-", "0BSD"),
    "bsd-like": ("BSD-", "0BSD"),
    "cc": ("CC-", "CC0-"),
    "gpl": ("GPL-",),
    "gnu gpl": ("GPL-",),
    "gnu general public license (gpl)": ("GPL-",),
    "gnu general public license": ("GPL-",),
    "lgpl": ("LGPL-",),
    "gnu lgpl": ("LGPL-",),
    "gnu library or lesser general public license (lgpl)": ("LGPL-",),
    "agpl": ("AGPL-",),
    "gfdl": ("GFDL-",),
    "gnu free documentation license (fdl)": ("GFDL-",),
    "mpl": ("MPL-",),
    "mozilla public license": ("MPL-",),
    "psf": ("PSF-", "Python-"),
    "psf license": ("PSF-", "Python-"),
    "python software foundation license": ("PSF-", "Python-"),
    "academic free license (afl)": ("AFL-",),
    "artistic license": ("Artistic-",),
    "zope public license": ("ZPL-",),
    "osi approved": ("",),
}
"""Names of several licenses, and how the ids of those begin. Such a name agrees with each and is none itself."""

_DEPRECATED = {
    "bsd-2-clause-freebsd": "BSD-2-Clause",
    "bsd-2-clause-netbsd": "BSD-2-Clause",
    "bzip2-1.0.5": "bzip2-1.0.6",
    "gpl-2.0-with-autoconf-exception": "(GPL-2.0-only WITH Autoconf-exception-2.0)",
    "gpl-2.0-with-bison-exception": "(GPL-2.0-or-later WITH Bison-exception-2.2)",
    "gpl-2.0-with-classpath-exception": "(GPL-2.0-only WITH Classpath-exception-2.0)",
    "gpl-2.0-with-font-exception": "(GPL-2.0-only WITH Font-exception-2.0)",
    "gpl-2.0-with-gcc-exception": "(GPL-2.0-or-later WITH GCC-exception-2.0)",
    "gpl-3.0-with-autoconf-exception": "(GPL-3.0-only WITH Autoconf-exception-3.0)",
    "gpl-3.0-with-gcc-exception": "(GPL-3.0-only WITH GCC-exception-3.1)",
    "standardml-nj": "SMLNJ",
    "wxwindows": "(LGPL-2.0-or-later WITH WxWindows-exception-3.1)",
}
"""Ids that SPDX's list has deprecated for another name (https://spdx.org/licenses/, deprecated license identifiers)."""
_WITH_LATER = ("gpl-", "lgpl-", "agpl-", "gfdl-")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_SLASHES = re.compile(r"[A-Za-z0-9.+-]{1,64}(?:/[A-Za-z0-9.+-]{1,64}){1,4}")
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


def license_family(name: str) -> tuple[str, ...]:
    """How the ids of the licenses begin that share this name; empty for a name that is no family's."""
    return FAMILIES.get(" ".join(name.removeprefix("LicenseRef-").lower().split()), ())


def current_ids(text: str) -> str:
    """An expression with the forms of older SPDX lists and of Cargo's `MIT/Apache-2.0` in today's.

    `+` after an id that has no `-or-later` grants later versions, too; only this version can be relied on.
    """
    if _SLASHES.fullmatch(text):
        text = text.replace("/", " OR ")
    return _ID.sub(lambda match: _current_id(match[0]), text)


def _current_id(name: str) -> str:
    if name.lower() in _DEPRECATED:
        return _DEPRECATED[name.lower()]
    later = name.removesuffix("+")
    return name if later == name or later.lower().startswith(_WITH_LATER) else later
