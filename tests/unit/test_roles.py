"""What files count as: the table of docs/files.md and the code are the same."""

import re
from pathlib import Path

import pytest

from registry.formats.archives import roles as table
from registry.formats.archives.roles import Role, role_of

DOCS = Path(__file__).parents[2] / "docs" / "files.md"


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("README.md", Role.DOCS),
        ("bert/Readme", Role.DOCS),
        ("license.py", Role.CODE),
        ("docs/guide.txt", Role.DOCS),
        ("docs/conf.py", Role.CODE),
        ("Model.SafeTensors", Role.WEIGHTS),
        ("docs/model.bin", Role.DOCS),
        ("images/cat.JPG", Role.DATASET),
        ("data/train.json", Role.DATASET),
        ("config.json", Role.CODE),
        ("src/Dockerfile", Role.CODE),
        ("data/requirements.txt", Role.CODE),
        ("notes.pdf", Role.DOCS),
        ("notes.txt", None),
        ("unknown.xyz", None),
    ],
)
def test_first_rule_that_fits_counts(path: str, role: Role | None) -> None:
    assert role_of(path) is role


def test_documented_table_is_the_code() -> None:
    rows = {}
    for line in DOCS.read_text().splitlines():
        if match := re.match(r"\| (\d) \| `\w+` \| (.*) \|$", line):
            rows[int(match[1])] = {word.lower() for word in re.findall(r"`([^`]+)`", match[2])}
    assert rows == {
        1: set(table._DOCS_STEMS | table._DOCS_STEMS_MORE),
        2: set(table._DOCS_FOLDERS),
        3: set(table._WEIGHTS_ENDINGS),
        4: set(table._DATASET_ENDINGS),
        5: set(table._CODE_NAMES),
        6: set(table._DATASET_FOLDERS | {".json", ".txt", ".xml", ".gz"}),
        7: set(table._CODE_ENDINGS),
        8: set(table._DOCS_ENDINGS),
    }
