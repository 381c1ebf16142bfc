"""What an archive's files say about its license: cards, metadata of three ecosystems, and texts."""

import pytest

from registry.domain.evidence import LicenseSource
from registry.formats.licenses.files import MAX_STATEMENTS, LicenseFiles
from registry.formats.licenses.recognising import recognise
from tests.unit.archives import MAKERS, MIT_TEXT, Files, look_into
from tests.unit.test_license_texts import APACHE_TEXT, GPL_NOTICE
from trust.licenses import list_texts

CORE = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
BSD_CLASSIFIER = "Classifier: License :: OSI Approved :: BSD License\n"
GPL_CLASSIFIER = "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)\n"


def read(files: Files) -> list[tuple[str, str | None]]:
    """The statements as (path, license)."""
    found = LicenseFiles()
    for path, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        if wanted := found.wanted(path):
            found.take(path, data[:wanted])
    return [(it.path, it.license) for it in found.statements()]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("PKG-INFO", CORE + "License-Expression: MIT OR Apache-2.0\nLicense: no\n\nLicense: no", ["MIT OR Apache-2.0"]),
        ("PKG-INFO", CORE + "License: Apache-2.0\n", ["Apache-2.0"]),
        ("PKG-INFO", CORE + "License: MIT License\r\nClassifier: License :: OSI Approved\r\n", ["MIT"]),
        ("PKG-INFO", CORE + "License: UNKNOWN\n" + GPL_CLASSIFIER, ["GPL-3.0-only"]),
        ("PKG-INFO", CORE + "License: MIT\n" + GPL_CLASSIFIER, ["MIT", "GPL-3.0-only"]),
        ("PKG-INFO", CORE + "License: BSD\n" + BSD_CLASSIFIER, [None, None]),
        (
            "PKG-INFO",
            CORE + "License: BSD-3-Clause\n" + BSD_CLASSIFIER,
            ["BSD-3-Clause"],
        ),
        ("PKG-INFO", CORE + "License: Free for academic use\n", [None]),
        ("PKG-INFO", CORE + "License: " + MIT_TEXT.replace("\n", "\n        "), ["MIT"]),
        ("PKG-INFO", CORE + "License: " + (MIT_TEXT + "No commercial use.").replace("\n", "\n        "), [None]),
        ("PKG-INFO", CORE + "Classifier: License :: Other/Proprietary License\n", ["LicenseRef-proprietary"]),
        ("PKG-INFO", CORE, []),
        ("pyproject.toml", '[project]\nlicense = "MPL-2.0"\n', ["MPL-2.0"]),
        ("pyproject.toml", '[project]\nlicense = {text = "GPL-3.0-or-later"}\n', ["GPL-3.0-or-later"]),
        ("pyproject.toml", '[project]\nlicense = {file = "LICENSE"}\n', []),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: MIT License", 7]\n', ["MIT"]),
        ("pyproject.toml", '[tool.poetry]\nlicense = "MIT"\n', ["MIT"]),
        ("pyproject.toml", "license = [", []),
        ("package.json", '{"license": "(MIT OR GPL-3.0)"}', ["MIT OR GPL-3.0-only"]),
        ("package.json", '{"license": {"type": "ISC", "url": "x"}}', ["ISC"]),
        ("package.json", '{"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}', ["MIT OR Apache-2.0"]),
        ("package.json", '{"license": "SEE LICENSE IN terms.txt"}', []),
        ("package.json", '{"license": "UNLICENSED"}', ["LicenseRef-proprietary"]),
        ("package.json", '{"license": 7}', []),
        ("package.json", "[" * 10_000, []),
        ("Cargo.toml", '[package]\nlicense = "MIT/Apache-2.0"\n', ["MIT OR Apache-2.0"]),
        ("Cargo.toml", "[package]\nlicense.workspace = true\n", []),
        ("README.md", "---\nlicense: llama3\n---\n", ["LicenseRef-llama3"]),
        ("README.md", "---\nlicense: other\nlicense_name: ours\n---\n", ["LicenseRef-ours"]),
        ("README.md", "---\nlicense: [mit, gpl-3.0]\n---\n", ["MIT", "GPL-3.0-only"]),
        ("README.md", "---\nlicense: other\n---\n", []),
        ("LICENSE", APACHE_TEXT, ["Apache-2.0"]),
        ("LICENCE.txt", MIT_TEXT, ["MIT"]),
        ("UNLICENSE", MIT_TEXT, ["MIT"]),
        ("COPYING.LESSER", GPL_NOTICE, ["GPL-3.0-or-later"]),
        ("MIT-LICENSE.txt", MIT_TEXT, ["MIT"]),
        ("LICENSE-MODEL", "You may not use this commercially.", [None]),
        ("LICENSE", b"\x00\x01", [None]),
        ("LICENSE", MIT_TEXT.encode("utf-16"), ["MIT"]),
        ("LICENSE", "", []),
        ("LICENSES/LicenseRef-Ours.txt", "Ask us.", ["LicenseRef-Ours"]),
        ("LICENSES/MIT.txt", MIT_TEXT, ["MIT"]),
        ("license.py", MIT_TEXT, []),
        ("vendor/deep/LICENSE", MIT_TEXT, []),
        ("demo-1.0.dist-info/licenses/vendored/LICENSE", MIT_TEXT, ["MIT"]),
        ("demo-1.0.dist-info/LICENSE", MIT_TEXT, ["MIT"]),
        ("demo-1.0.dist-info/METADATA", CORE + "License-Expression: ISC\n", ["ISC"]),
        ("METADATA", "License-Expression: ISC\n", []),
    ],
)
def test_what_a_file_states(name: str, text: str | bytes, expected: list[str | None]) -> None:
    assert [license_id for _, license_id in read({name: text})] == expected


def test_the_root_or_the_single_folder_counts_and_a_wheel_s_metadata_always() -> None:
    assert read({"demo/LICENSE": MIT_TEXT, "demo/src/x.py": ""}) == [("demo/LICENSE", "MIT")]
    assert read({"demo/LICENSE": MIT_TEXT, "x.py": ""}) == []
    assert read({"demo/LICENSE": MIT_TEXT, "other/x.py": ""}) == []
    wheel = {"demo/LICENSE": APACHE_TEXT, "demo-1.0.dist-info/licenses/LICENSE": MIT_TEXT}
    assert read(wheel) == [("demo-1.0.dist-info/licenses/LICENSE", "MIT")]
    assert read({"__MACOSX/LICENSE": APACHE_TEXT, "demo/LICENSE": MIT_TEXT}) == [("demo/LICENSE", "MIT")]


def test_a_file_that_cannot_be_read_is_a_statement_that_nobody_knows() -> None:
    found = LicenseFiles()
    assert found.wanted("LICENSE")
    found.take("LICENSE", None)
    (statement,) = found.statements()
    assert (statement.source, statement.license, statement.said) == (LicenseSource.TEXT, None, "it cannot be read")


BSD_TEXT = " ".join(next(words for name, words in list_texts() if name == "BSD-3-Clause"))
POINTER = (
    "This software is made available under the terms of either of the licenses found in LICENSE.APACHE or LICENSE.MIT."
)


def test_a_note_that_names_the_license_files_is_no_license() -> None:
    files = {"LICENSE": POINTER, "LICENSE.APACHE": APACHE_TEXT, "LICENSE.MIT": MIT_TEXT}
    assert read(files) == [("LICENSE.APACHE", "Apache-2.0"), ("LICENSE.MIT", "MIT")]
    assert read({"LICENSE": POINTER}) == [("LICENSE", None)]
    restricting = files | {"LICENSE": POINTER + " Commercial use needs a contract."}
    assert ("LICENSE", None) in read(restricting)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Tiny is licensed under the terms of the MIT license, reproduced below.\n\n= = =\n\n" + MIT_TEXT, ("MIT",)),
        (MIT_TEXT + "\n= = =\nPortions of it are licensed under this license:\n" + BSD_TEXT, ("MIT", "BSD-3-Clause")),
        (MIT_TEXT + "\nNo commercial use.", ()),
        (MIT_TEXT + "\nYou must ask first.", ()),
        (MIT_TEXT[:400] + "\nnot for everybody\n" + MIT_TEXT[400:], ()),
        (MIT_TEXT + "tiny " * 300, ()),
        ("Tiny is licensed under the terms of the MIT license.", ()),
    ],
)
def test_what_a_text_holds_beside_notes(text: str, holds: tuple[str, ...]) -> None:
    assert (recognise(text).license, recognise(text).holds) == (None, holds)


def test_more_files_than_are_read_are_said() -> None:
    found = read({f"LICENSE-{number}": MIT_TEXT[:50] for number in range(MAX_STATEMENTS + 5)})
    assert len(found) == MAX_STATEMENTS + 1
    assert ("", None) in found


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    ("files", "recorded"),
    [
        ({"README.md": "---\nlicense: mit\n---\n", "LICENSE": GPL_NOTICE}, "GPL-3.0-or-later"),
        ({"README.md": "---\nlicense: mit\n---\n", "LICENSE": APACHE_TEXT}, "MIT"),
        ({"README.md": "---\nlicense: cc-by-nc-4.0\n---\n", "LICENSE": MIT_TEXT}, "CC-BY-NC-4.0"),
        ({"LICENSE-MIT": MIT_TEXT, "LICENSE-APACHE": APACHE_TEXT}, "MIT OR Apache-2.0"),
        ({"package.json": '{"license": "GPL-3.0"}', "LICENSE": MIT_TEXT}, "GPL-3.0-only"),
    ],
)
async def test_the_strictest_known_license_is_recorded(make: object, files: Files, recorded: str) -> None:
    assert (await look_into(make(files))).license == recorded  # type: ignore[operator] # one of MAKERS


async def test_a_wheel_s_description_is_its_readme() -> None:
    metadata = CORE + "Description-Content-Type: text/markdown\n\n# Demo\n\nWhat it does.\n"
    wheel = {"demo/__init__.py": "", "demo-1.0.dist-info/METADATA": metadata}
    assert (await look_into(MAKERS["zip"](wheel))).readme == "# Demo\n\nWhat it does.\n"
    old = {"demo-1.0/PKG-INFO": CORE + "Description: # Demo\n        \n        More.\nPlatform: any\n"}
    assert (await look_into(MAKERS["tar.gz"](old))).readme == "# Demo\n\nMore.\n"
