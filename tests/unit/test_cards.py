"""Model cards."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.packages import Dependency
from registry.formats.archives.cards import CardFacts, read_card
from registry.formats.front_matter import front_matter_json
from registry.formats.license_names import license_id


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


def test_known_names() -> None:
    assert license_id(" mpl-2.0 ") == "MPL-2.0"
    assert license_id("MIT  License") == "MIT"
    assert license_id("my license") is None


def test_front_matter_becomes_json_that_every_reader_takes() -> None:
    text = "---\nlicense: mit\nnumbers: [1, 2.5, .nan, 1e999]\nnested:\n  deep: -.5\n---\n# Title\n"
    found = json.loads(front_matter_json(text), parse_constant=pytest.fail)
    assert found == {"license": "mit", "numbers": [1, 2.5, None, None], "nested": {"deep": -0.5}}
    assert json.loads(front_matter_json("# No front matter")) == {}
