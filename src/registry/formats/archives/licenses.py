"""Recognising the texts of licenses by phrases that no other license has.

A text is recognised only when exactly one license fits. A license's text alone does not grant "any later version", so
the GNU licenses are `-only` unless the file is a notice that grants more.
"""

import re
from dataclasses import dataclass

from registry.formats.license_names import license_id

MAX_LICENSE_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class _Phrases:
    """All of `has` and none of `lacks`. `short`: a license of a page; a text much longer holds more than this one."""

    spdx_id: str
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    short: bool = False


_SHORT = 6000
_APACHE_NOTICE = (
    "licensed under the apache license version 2 0 the license you may not use this file except in compliance with the "
    "license"
)
_MIT_GRANT = (
    "permission is hereby granted free of charge to any person obtaining a copy of this software and associated "
    "documentation files the software to deal in the software without restriction"
)
_MIT_CONDITION = "this permission notice shall be included in all copies or substantial portions of the software"
_BSD_GRANT = (
    "redistribution and use in source and binary forms with or without modification are permitted provided that the "
    "following conditions are met"
)
_BSD_SECOND = "redistributions in binary form must reproduce the above copyright notice"
_BSD_THIRD = "to endorse or promote products derived from this software without specific prior written permission"
_BSD_ADVERTISING = "all advertising materials mentioning features or use of this software"
_BSD_CLEAR = "no express or implied licenses to any party s patent rights are granted by this license"
_ISC_CONDITION = (
    "is hereby granted provided that the above copyright notice and this permission notice appear in all copies"
)
_PLAIN_GRANT = "distribute this software for any purpose with or without fee is hereby granted"
_ZLIB_GRANT = "permission is granted to anyone to use this software for any purpose including commercial applications"
_ZLIB_CONDITION = "altered source versions must be plainly marked as such"

_TEXTS = (
    _Phrases("Apache-2.0", ("apache license version 2 0 january 2004", "grant of patent license")),
    _Phrases("MIT", (_MIT_GRANT, _MIT_CONDITION), ("except as contained in this notice the name",), short=True),
    _Phrases("X11", (_MIT_GRANT, _MIT_CONDITION, "except as contained in this notice the name"), short=True),
    _Phrases("MIT-0", (_MIT_GRANT,), ("shall be included in all copies",), short=True),
    _Phrases("BSD-2-Clause", (_BSD_GRANT, _BSD_SECOND), (_BSD_THIRD, _BSD_ADVERTISING), short=True),
    _Phrases("BSD-3-Clause", (_BSD_GRANT, _BSD_SECOND, _BSD_THIRD), (_BSD_ADVERTISING, _BSD_CLEAR), short=True),
    _Phrases("BSD-3-Clause-Clear", (_BSD_SECOND, _BSD_THIRD, _BSD_CLEAR), short=True),
    _Phrases("BSD-4-Clause", (_BSD_GRANT, _BSD_SECOND, _BSD_THIRD, _BSD_ADVERTISING), short=True),
    _Phrases("ISC", ("distribute this software for any purpose with or without fee", _ISC_CONDITION), short=True),
    _Phrases("0BSD", (_PLAIN_GRANT,), ("provided that",), short=True),
    _Phrases("Zlib", (_ZLIB_GRANT, _ZLIB_CONDITION), short=True),
    _Phrases("BSL-1.0", ("boost software license version 1 0",), short=True),
    _Phrases("Unlicense", ("this is free and unencumbered software released into the public domain",), short=True),
    _Phrases("MPL-2.0", ("mozilla public license version 2 0 1 definitions",)),
    _Phrases("EPL-2.0", ("eclipse public license v 2 0 the accompanying program",)),
    _Phrases("EUPL-1.2", ("european union public licence v 1 2",)),
    _Phrases("Artistic-2.0", ("the artistic license 2 0",)),
    _Phrases("AGPL-3.0-only", ("gnu affero general public license version 3 19 november 2007",)),
    _Phrases("GPL-2.0-only", ("gnu general public license version 2 june 1991",)),
    _Phrases("GPL-3.0-only", ("gnu general public license version 3 29 june 2007",)),
    _Phrases("LGPL-2.0-only", ("gnu library general public license version 2 june 1991",)),
    _Phrases("LGPL-2.1-only", ("gnu lesser general public license version 2 1 february 1999",)),
    _Phrases("LGPL-3.0-only", ("gnu lesser general public license version 3 29 june 2007",)),
    _Phrases("CC0-1.0", ("cc0 1 0 universal",)),
    _Phrases("OFL-1.1", ("sil open font license version 1 1 26 february 2007",)),
)
_NOTICES = (
    _Phrases("Apache-2.0", (_APACHE_NOTICE,)),
    _Phrases("MPL-2.0", ("this source code form is subject to the terms of the mozilla public license v 2 0",)),
)
"""What stands in place of a long license. Those quote their notices, so these count in short texts only."""
_NOT_ALONE = ("commons clause", "additional terms and conditions apply")
_CREATIVE_COMMONS = re.compile(r"\battribution( noncommercial)?( sharealike| noderivatives)? 4 0 international\b")
_CREATIVE_COMMONS_PARTS = {" noncommercial": "NC", " sharealike": "SA", " noderivatives": "ND"}
_LATER = re.compile(
    r"terms of the gnu (affero |lesser )?general public license as published by the free software foundation "
    r"either version (2 1|2|3) of the license or at your option any later version"
)
_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+-]+)[ \t]*\r?$", re.MULTILINE)
_NOT_WORDS = re.compile(r"[^a-z0-9]+")


def recognise_license(text: str) -> str | None:
    """The SPDX id of the license that `text` is, None where it is none, several, changed or unknown."""
    if len(text) > MAX_LICENSE_BYTES:
        return None
    words = " " + _NOT_WORDS.sub(" ", text.lower()).strip() + " "
    if any(phrase in words for phrase in _NOT_ALONE):
        return None
    is_short = len(words) <= _SHORT
    found: set[str | None] = {
        phrases.spdx_id if is_short or not phrases.short else None
        for phrases in _TEXTS + (_NOTICES if is_short else ())
        if all(phrase in words for phrase in phrases.has) and not any(phrase in words for phrase in phrases.lacks)
    }
    found |= {_creative_commons_id(match) for match in _CREATIVE_COMMONS.finditer(words)}
    if is_short:
        found |= {_or_later_id(match) for match in _LATER.finditer(words)}
        found |= {license_id(name) for name in _TAG.findall(text)}
    return found.pop() if len(found) == 1 else None


def _creative_commons_id(match: re.Match[str]) -> str:
    parts = [_CREATIVE_COMMONS_PARTS[part] for part in match.groups() if part]
    return "-".join(["CC-BY", *parts, "4.0"])


def _or_later_id(match: re.Match[str]) -> str:
    prefix = {"affero ": "AGPL", "lesser ": "LGPL", None: "GPL"}[match[1]]
    version = match[2].replace(" ", ".")
    return f"{prefix}-{version if '.' in version else version + '.0'}-or-later"
