"""Model cards and the texts of licenses."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.packages import Dependency
from registry.formats.archives.cards import CardFacts, read_card
from registry.formats.archives.licenses import recognise_license
from registry.formats.license_names import license_id
from tests.unit.archives import MIT_TEXT

APACHE_TEXT = (Path(__file__).parents[2] / "LICENSE").read_text()
BSD_GRANT = """Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:
1. Redistributions of source code must retain the above copyright notice.
2. Redistributions in binary form must reproduce the above copyright notice in the documentation.
"""
BSD_THIRD = """3. Neither the name of the copyright holder nor the names of its contributors may be used
   to endorse or promote products derived from this software without specific prior written permission.
"""
BSD_ADVERTISING = "3. All advertising materials mentioning features or use of this software must display thanks.\n"
ISC_TEXT = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee
is hereby granted, provided that the above copyright notice and this permission notice appear in all copies."""


def card(front_matter: str) -> str:
    return f"---\n{front_matter}\n---\n# Text\nlicense: gpl-3.0\n"


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("license: apache-2.0", "Apache-2.0"),
        ("license: MIT # free", "MIT"),
        ("license: 'cc-by-sa-4.0'", "CC-BY-SA-4.0"),
        ("license: gpl-3.0", "GPL-3.0-only"),
        ("license: [mit]", "MIT"),
        ("license:\n- bsd-3-clause", "BSD-3-Clause"),
        ("license: openrail", "LicenseRef-openrail"),
        ("license: other\nlicense_name: llama3", "LicenseRef-llama3"),
        ("license: other", None),
        ("license: unknown", None),
        ("license: [mit, apache-2.0]", None),
        ("license: null", None),
        ("license:", None),
        ("license: {mit: true}", None),
        ("license: see the file beside this one", None),
        ("license_name: llama3", None),
        ("model:\n  license: mit", None),
        ("? [license]\n: mit", None),
        ("- license: mit", None),
        ("license", None),
        ("license: mit\n...\n--- x\nlicense: isc", "MIT"),
    ],
)
def test_license_of_a_card(stated: str, expected: str | None) -> None:
    assert read_card(card(stated)).license == expected


def test_parents_and_datasets_of_a_card() -> None:
    facts = read_card(
        card("base_model: [org/one, org/two, org/one, ~, {a: b}]\ntags: [x]\ndatasets: squad\nmodel-index:\n- name: y")
    )
    assert facts.dependencies == (
        Dependency("base_model", "org/one"),
        Dependency("base_model", "org/two"),
        Dependency("dataset", "squad"),
    )


def test_names_that_no_package_has_are_left_out() -> None:
    names = ["' '", "'*'", "ключ", "x" * 201, '"a\\0b"', "fine/name"]
    assert read_card(card("base_model: [" + ", ".join(names) + "]")).dependencies == (
        Dependency("base_model", "fine/name"),
    )


def test_number_of_dependencies_is_bounded() -> None:
    assert len(read_card(card("datasets:\n" + "\n".join(f"- d{n}" for n in range(500)))).dependencies) == 50


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# No front matter\nlicense: mit",
        "---\nlicense: mit\n",
        " ---\nlicense: mit\n---\n",
        "text\n---\nlicense: mit\n---\n",
        card("license: mit\n\tx: ]["),
        card("license: 'mit"),
        card("license: !!python/object/apply:os.system {id: x}"),
        card("license: mit\nx: " + "[" * 60_000),
        card("license: mit\nx: " + "{a: " * 20_000),
        card("license: mit\nx: [" + "a, " * 50_000 + "]"),
    ],
)
def test_no_card(text: str) -> None:
    assert read_card(text) == CardFacts()


def test_windows_lines_and_byte_order_mark() -> None:
    assert read_card("\ufeff" + card("license: mit").replace("\n", "\r\n")).license == "MIT"


def test_alias_bomb_stays_folded() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{this}: &{this} [{', '.join([f'*{previous}'] * 9)}]\n"
        for previous, this in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True)
    )
    merged = "merged: &m {<<: [*a, *b]}\nbase_model: *q\n"
    assert read_card(card(bomb + merged + "license: mit")) == CardFacts("MIT")


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("-:[]{}&*!|>'\"%@`?#,~ \n\tabc0é\0"), max_size=300))
def test_any_front_matter(text: str) -> None:
    assert len(read_card(card("license: mit\n" + text)).dependencies) <= 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (APACHE_TEXT, "Apache-2.0"),
        (MIT_TEXT, "MIT"),
        (MIT_TEXT.replace("\n", "\r\n").upper(), "MIT"),
        (MIT_TEXT.replace("The above copyright notice and this permission notice shall", "It shall not"), "MIT-0"),
        (MIT_TEXT + "Except as contained in this notice, the name of X shall not be used.", "X11"),
        (BSD_GRANT, "BSD-2-Clause"),
        (BSD_GRANT + BSD_THIRD, "BSD-3-Clause"),
        (BSD_GRANT + BSD_ADVERTISING + BSD_THIRD, "BSD-4-Clause"),
        (ISC_TEXT, "ISC"),
        (ISC_TEXT.split(",")[0] + ISC_TEXT[16 : ISC_TEXT.index(", provided")] + ".", "0BSD"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n...", "GPL-3.0-only"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\n...", "GPL-2.0-only"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\n Version 2.1, February 1999", "LGPL-2.1-only"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "LGPL-3.0-only"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007", "AGPL-3.0-only"),
        (
            "under the terms of the GNU Lesser General Public License as published by the Free Software Foundation; "
            "either version 2.1 of the License, or (at your option) any later version.",
            "LGPL-2.1-or-later",
        ),
        (
            "under the terms of the GNU General Public License as published by the Free Software Foundation, "
            "either version 3 of the License, or (at your option) any later version.",
            "GPL-3.0-or-later",
        ),
        ("Mozilla Public License Version 2.0\n====\n1. Definitions", "MPL-2.0"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal", "CC0-1.0"),
        ("Attribution 4.0 International\n\nCreative Commons Corporation", "CC-BY-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution-NoDerivatives 4.0 International", "CC-BY-ND-4.0"),
        ("SPDX-License-Identifier: apache-2.0\n", "Apache-2.0"),
    ],
)
def test_license_texts(text: str, expected: str) -> None:
    assert recognise_license(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "All rights reserved.",
        "MIT",
        "See the MIT License.",
        "Permission is hereby granted, free of charge, to any person of good will.",
        MIT_TEXT + APACHE_TEXT,
        MIT_TEXT + BSD_GRANT,
        MIT_TEXT + "\nCommons Clause License Condition v1.0",
        MIT_TEXT + "Other parts are under other terms. " * 300,
        MIT_TEXT * 1000,
        BSD_GRANT + "Apache License, Version 2.0, January 2004. Grant of Patent License. " * 100,
        "SPDX-License-Identifier: LicenseRef-Ours\n" + MIT_TEXT,
        "LLAMA 2 COMMUNITY LICENSE AGREEMENT",
    ],
)
def test_license_is_never_guessed(text: str) -> None:
    assert recognise_license(text) is None


def test_known_names() -> None:
    assert license_id(" mpl-2.0 ") == "MPL-2.0"
    assert license_id("MIT  License") == "MIT"
    assert license_id("my license") is None
