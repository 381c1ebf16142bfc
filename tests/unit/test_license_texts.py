"""Recognising license texts: the whole text, or nothing."""

import time
from itertools import islice
from pathlib import Path

import pytest

from registry.formats.licenses import recognising
from registry.formats.licenses.recognising import MAX_LICENSE_BYTES, recognise, recognise_license
from registry.formats.licenses.templates import all_templates
from registry.formats.licenses.words import Words, read_words
from tests.unit.archives import MIT_TEXT
from trust.licenses import CHANGES, SAME, list_texts, measure_corpus

APACHE_TEXT = (Path(__file__).parents[2] / "LICENSE").read_text()
APACHE_NOTICE = APACHE_TEXT[APACHE_TEXT.index("Copyright [yyyy]") :].replace(
    "[yyyy] [name of copyright owner]", "2026 Ann"
)
NO_WARRANTY = MIT_TEXT[MIT_TEXT.index("THE SOFTWARE IS") :]
GPL_NOTICE = """A tool for trees
Copyright (C) 2026  Ann Author

This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details.

You should have received a copy of the GNU General Public License along with this program. If not, see
<https://www.gnu.org/licenses/>.
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (APACHE_TEXT, "Apache-2.0"),
        (APACHE_NOTICE, "Apache-2.0"),
        (APACHE_NOTICE.replace("2026 Ann", "2014-2026 Grant Jenks"), "Apache-2.0"),
        (MIT_TEXT, "MIT"),
        (MIT_TEXT.replace("\n", "\r\n").upper(), "MIT"),
        (MIT_TEXT.replace('"', "``").replace("MIT License", "# The MIT License (MIT)\n====="), "MIT"),
        ("\n".join("# " + line for line in MIT_TEXT.splitlines()), "MIT"),
        (MIT_TEXT.replace("Somebody", "Will Grant <will@example.com>\nAll rights reserved."), "MIT"),
        (
            MIT_TEXT.replace("Copyright (c) 2026 Somebody", "Copyright © 2019 A\nCopyright © 2020 B,\n  C and others"),
            "MIT",
        ),
        ("Copyright 2026 Ann\n\n" + MIT_TEXT.replace("MIT License", ""), "MIT"),
        (GPL_NOTICE, "GPL-3.0-or-later"),
        ("SPDX-License-Identifier: apache-2.0\n", "Apache-2.0"),
        ("// SPDX-License-Identifier: MIT\n" + MIT_TEXT, "MIT"),
    ],
)
def test_whole_texts(text: str, expected: str) -> None:
    assert recognise_license(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "All rights reserved.",
        "MIT",
        "See the MIT License.",
        "Permission is hereby granted, free of charge, to any person of good will.",
        "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n...",
        MIT_TEXT + APACHE_TEXT,
        MIT_TEXT + "\nCommons Clause License Condition v1.0",
        MIT_TEXT + "Other parts are under other terms. " * 300,
        MIT_TEXT * 100,
        MIT_TEXT.replace("MIT License", "Modified MIT License"),
        MIT_TEXT.replace("MIT License", "Apache License"),
        MIT_TEXT.replace("including without limitation", "including"),
        MIT_TEXT.replace(NO_WARRANTY, ""),
        MIT_TEXT.replace("Somebody", "Somebody. Commercial use needs a contract."),
        MIT_TEXT.replace("Somebody", "Somebody\nYou must ask first."),
        MIT_TEXT.replace("THE\nAUTHORS OR COPYRIGHT HOLDERS", "anyone but users who pay"),
        MIT_TEXT.replace("sublicense, and/or sell", "and/or sublicense"),
        "SPDX-License-Identifier: LicenseRef-Ours\n" + MIT_TEXT,
        "SPDX-License-Identifier: Apache-2.0\n" + MIT_TEXT,
        "LLAMA 2 COMMUNITY LICENSE AGREEMENT",
        APACHE_TEXT.replace(
            "END OF TERMS", "10. Monthly users. More than 700 million need another license.\nEND OF TERMS"
        ),
        GPL_NOTICE.replace("any later\n", "any\n"),
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    assert recognise_license(text) is None


def test_texts_of_the_list_are_themselves() -> None:
    wrong = [
        (name, got)
        for name, words in islice(list_texts(), 0, None, 4)
        if (got := recognise_license(" ".join(words))) != name
    ]
    # The few that differ are licenses with one text.
    assert len(wrong) <= 4, wrong


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_text_is_never_the_license(change: str) -> None:
    texts = islice(list_texts(), len(change) % 8, None, 8)
    assert [name for name, words in texts if recognise_license(CHANGES[change](words)) is not None] == []


def test_the_corpus_is_told_apart() -> None:
    """A part of what `make trust` measures on all of SPDX's list."""
    by_kind, precision, recall, freer = measure_corpus(step=100)
    assert set(SAME) < set(by_kind)
    assert precision >= 0.99
    assert recall >= 0.85
    assert freer == 0


def test_of_templates_that_match_the_one_that_says_most_is_meant() -> None:
    words = dict(list_texts())["BSD-4-Clause-UC"]
    assert recognise_license(" ".join(words)) == "BSD-4-Clause-UC"


def test_a_text_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: str) -> Words:
        read.append(text)
        return read_words(text)

    monkeypatch.setattr(recognising, "read_words", counted)
    assert recognise("Nobody knows this license, and it must be kept secret.").license is None
    assert len(read) == 1


def test_the_list_is_whole() -> None:
    ids = {template.license_id for template in all_templates()}
    assert len(ids) > 650
    assert {"MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-only", "AGPL-3.0-only", "CC-BY-NC-4.0", "CC0-1.0"} <= ids


@pytest.mark.parametrize(
    "text",
    [
        "Copyright (c) 2026 A\n" * 6_000,
        "1. " * 40_000,
        "All rights reserved. " * 6_000,
        "MIT License\n\n" + "name " * 20_000 + MIT_TEXT,
        "Copyright (c) 2026 A\n1. " * 4_000 + MIT_TEXT,
        MIT_TEXT[:600] * 200,
    ],
)
def test_hostile_texts_are_quick(text: str) -> None:
    started = time.process_time()
    recognise(text[:MAX_LICENSE_BYTES])
    assert time.process_time() - started < 2
