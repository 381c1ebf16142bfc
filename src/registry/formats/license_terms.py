"""The compatibility table: what kind of terms each license has, and where copyleft lets a derivative go."""

from enum import Enum


class Terms(Enum):
    """Kinds of terms; the value says, to a person, what stands in the way."""

    FREE = "it asks for nothing"
    PERMISSIVE = "it asks for attribution, and its terms clash with those of this license"
    WEAK_COPYLEFT = "changed files must stay under it"
    COPYLEFT = "derivatives must stay under it"
    USE_RESTRICTED = "derivatives must carry its use restrictions, which this license does not"
    NO_DERIVATIVES = "it forbids passing on derivatives"
    NON_COMMERCIAL = "it forbids commercial use, which this license allows, or derivatives under other terms"
    NON_COMMERCIAL_NO_DERIVATIVES = "it forbids commercial use and passing on derivatives"
    UNKNOWN = "its terms are not in the compatibility table"


_KINDS = {
    Terms.FREE: "CC0-1.0 Unlicense 0BSD WTFPL MIT-0 PDDL-1.0",
    Terms.PERMISSIVE: (
        "MIT Apache-2.0 BSL-1.0 BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear ISC Zlib NCSA PostgreSQL Python-2.0 "
        "PSF-2.0 HPND X11 AFL-3.0 Artistic-2.0 ECL-2.0 UPL-1.0 Unicode-3.0 CC-BY-2.0 CC-BY-2.5 CC-BY-3.0 CC-BY-4.0 "
        "ODC-By-1.0 CDLA-Permissive-1.0 CDLA-Permissive-2.0 etalab-2.0 MS-PL BlueOak-1.0.0 MulanPSL-2.0"
    ),
    Terms.WEAK_COPYLEFT: (
        "LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MPL-1.1 "
        "MPL-2.0 EPL-1.0 EPL-2.0 CDDL-1.0"
    ),
    Terms.COPYLEFT: (
        "GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later AGPL-3.0-only AGPL-3.0-or-later "
        "EUPL-1.1 EUPL-1.2 OSL-3.0 CC-BY-SA-3.0 CC-BY-SA-4.0 ODbL-1.0 CDLA-Sharing-1.0 GFDL-1.3-only GFDL-1.3-or-later "
        "OFL-1.1"
    ),
    Terms.NO_DERIVATIVES: "CC-BY-ND-3.0 CC-BY-ND-4.0",
    Terms.NON_COMMERCIAL: (
        "CC-BY-NC-2.0 CC-BY-NC-3.0 CC-BY-NC-4.0 CC-BY-NC-SA-2.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0 "
        "PolyForm-Noncommercial-1.0.0 LicenseRef-deepfloyd-if-license LicenseRef-apple-amlr LicenseRef-intel-research "
        "LicenseRef-h-research LicenseRef-fair-noncommercial-research"
    ),
    Terms.NON_COMMERCIAL_NO_DERIVATIVES: "CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0",
    Terms.USE_RESTRICTED: (
        "LicenseRef-openrail LicenseRef-bigscience-bloom-rail-1.0 LicenseRef-bigscience-openrail-m "
        "LicenseRef-creativeml-openrail-m LicenseRef-bigcode-openrail-m LicenseRef-openrail-plus-plus "
        "LicenseRef-llama2 LicenseRef-llama3 LicenseRef-llama3.1 LicenseRef-llama3.2 LicenseRef-llama3.3 "
        "LicenseRef-llama4 LicenseRef-gemma LicenseRef-grok2-community"
    ),
}
STRICTNESS = (
    Terms.FREE,
    Terms.PERMISSIVE,
    Terms.WEAK_COPYLEFT,
    Terms.COPYLEFT,
    Terms.USE_RESTRICTED,
    Terms.NO_DERIVATIVES,
    Terms.NON_COMMERCIAL,
    Terms.NON_COMMERCIAL_NO_DERIVATIVES,
    Terms.UNKNOWN,
)
"""From the freest to the strictest. Of statements that contradict each other, the strictest counts; what nobody knows
is the strictest of all, since no permission can be relied on."""

TERMS = {name: terms for terms, names in _KINDS.items() for name in names.split()}

_AGPL = ("AGPL-3.0-only", "AGPL-3.0-or-later")
_GPL_3 = ("GPL-3.0-only", "GPL-3.0-or-later", *_AGPL)
_GPL_2 = ("GPL-2.0-only", "GPL-2.0-or-later")
_LGPL_3 = ("LGPL-3.0-only", "LGPL-3.0-or-later")

_LGPL_2 = ("LGPL-2.0-only", "LGPL-2.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later")
_BEFORE_GPL_3 = ("GPL-1.0-or-later", *_GPL_2, *_LGPL_2)

# Permissive licenses whose further terms (patents, notices, choice of law) a copyleft license does not admit, by the
# FSF's list and OSADL's matrix. "Or later" is no way out: a project's users may choose the earlier version.
CLASHES: dict[str, tuple[str, ...]] = {
    "Apache-2.0": (*_BEFORE_GPL_3, "MPL-1.1"),
    "ECL-2.0": _BEFORE_GPL_3,
    "Python-2.0": (*_BEFORE_GPL_3, *_LGPL_3, *_GPL_3, "EUPL-1.1", "EUPL-1.2"),
    "AFL-3.0": (*_GPL_2, *_GPL_3),
    "MS-PL": (*_GPL_2, *_GPL_3),
}

# From a copyleft license to those that its derivatives may be under, beside itself.
COPYLEFT_TARGETS: dict[str, tuple[str, ...]] = {
    "LGPL-2.0-only": (*_GPL_2, *_GPL_3),
    "LGPL-2.0-or-later": ("LGPL-2.0-only", "LGPL-2.1-only", "LGPL-2.1-or-later", *_LGPL_3, *_GPL_2, *_GPL_3),
    "LGPL-2.1-only": ("LGPL-2.1-or-later", *_GPL_2, *_GPL_3),
    "LGPL-2.1-or-later": ("LGPL-2.1-only", *_LGPL_3, *_GPL_2, *_GPL_3),
    "LGPL-3.0-only": ("LGPL-3.0-or-later", *_GPL_3),
    "LGPL-3.0-or-later": ("LGPL-3.0-only", *_GPL_3),
    "MPL-2.0": ("LGPL-2.1-only", "LGPL-2.1-or-later", *_LGPL_3, *_GPL_2, *_GPL_3),
    "MPL-1.1": ("MPL-2.0",),
    "EPL-1.0": ("EPL-2.0",),
    "GPL-1.0-or-later": (*_GPL_2, *_GPL_3),
    "GPL-2.0-only": ("GPL-2.0-or-later",),
    "GPL-2.0-or-later": ("GPL-2.0-only", *_GPL_3),
    "GPL-3.0-only": ("GPL-3.0-or-later", *_AGPL),
    "GPL-3.0-or-later": ("GPL-3.0-only", *_AGPL),
    "AGPL-3.0-only": ("AGPL-3.0-or-later",),
    "AGPL-3.0-or-later": ("AGPL-3.0-only",),
    "EUPL-1.1": ("EUPL-1.2", *_GPL_2, "EPL-1.0", "OSL-3.0"),
    "EUPL-1.2": (*_GPL_2, *_GPL_3, *_LGPL_2[2:], *_LGPL_3, "MPL-2.0", "EPL-1.0", "OSL-3.0"),
    "CC-BY-SA-3.0": ("CC-BY-SA-4.0",),
    "CC-BY-SA-4.0": ("GPL-3.0-only", "GPL-3.0-or-later"),
    "CC-BY-NC-2.0": ("CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"),
    "CC-BY-NC-3.0": ("CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"),
    "CC-BY-NC-4.0": ("CC-BY-NC-SA-4.0",),
}
