"""The license that a text is. Nothing is guessed: a changed text, or one with more in it, is no license here."""

import re

from registry.formats.license_names import license_id
from registry.formats.licenses.matching import Matcher, TooManySteps
from registry.formats.licenses.templates import candidates
from registry.formats.licenses.words import read_words

MAX_LICENSE_BYTES = 128 * 1024
"""The longest text in SPDX's list has 70 KB."""
_TAG = re.compile(r"^[^\w\n]*SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+-]+)[^\w\n]*$", re.MULTILINE)


def recognise_license(text: str) -> str | None:
    """The SPDX id of the license that the whole text is, None where it is none, several, changed or unknown.

    A license's text alone does not grant "any later version", so the GNU licenses are `-only` unless the text is the
    notice that grants more. A tag `SPDX-License-Identifier` counts where nothing else, or the same license, is said.
    """
    if len(text) > MAX_LICENSE_BYTES:
        return None
    tags = {license_id(name) for name in _TAG.findall(text)}
    read = read_words(_TAG.sub("", text))
    matcher = Matcher(read)
    try:
        if tags and matcher.matches([], frozenset()):
            found = tags
        else:
            ids = (it.license_id for it in candidates(read.words) if matcher.matches(it.nodes, it.title_words))
            first = next(ids, None)
            found = {first} | tags
    except TooManySteps:
        return None
    return found.pop() if len(found) == 1 else None
