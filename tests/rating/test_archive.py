"""Looking inside archives: what they list, texts, and Python that is read and not run."""

import io
import os
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from registry.domain.errors import NotFound
from registry.domain.evidence import ArchiveFacts
from registry.domain.packages import Content
from registry.formats.archives.inspecting import inspect_content
from registry.formats.archives.limits import ArchiveLimits
from registry.formats.inspection import MIB, InspectionLimits
from registry.formats.python_sources import PythonSource, lint, read_python
from registry.services.ratings.archive_evidence import WALK_LIMITS, StoredArchiveInspector
from tests.rating.world import PACKAGE
from tests.sandbox import DirectSandbox
from tests.unit.archives import MAKERS, BytesBlobs, Files, make_tar_gz, make_zip

SOURCE = """import os
import sys


def typed(a: int) -> int:
    return a

def untyped(b):
    return os.path.join(b)  # noqa

class Model:
    def __init__(self, size: int):
        self.size = size
"""


def test_python_is_parsed_and_linted() -> None:
    sources = [PythonSource("pkg-1.0/src/tiny/__init__.py", SOURCE), PythonSource("pkg-1.0/broken.py", "def (:\n")]
    facts = read_python(sources)
    assert (facts.files, facts.syntax_errors, facts.functions, facts.annotated_functions) == (2, 1, 3, 2)
    assert facts.findings == (("F401", 1),)
    assert [module.name for module in facts.modules] == ["tiny"]
    assert facts.modules[0].names == ("os", "sys", "typed", "untyped", "Model")


def test_a_package_cannot_excuse_itself_from_findings() -> None:
    excused = "# ruff: noqa\nimport os  # noqa: F401\n"
    assert lint([PythonSource("a/pyproject.toml.py", excused)]) == (("F401", 1),)


def test_without_ruff_its_findings_are_unknown(tmp_path: Path) -> None:
    assert lint([PythonSource("a.py", "import os\n")], ruff=tmp_path / "no such program") is None
    assert read_python([PythonSource("a.py", "x = 1\n")], ruff=tmp_path / "none").findings is None


FILES: Files = {
    "tiny-1.0/README.md": "# Tiny\n",
    "tiny-1.0/docs/README.md": "---\nlicense: mit\n---\n# Card\n",
    "tiny-1.0/pyproject.toml": "[tool.ruff]\n",
    "tiny-1.0/requirements.txt": "torch>=2\n# comment\n-r other.txt\nscikit_learn\n",
    "tiny-1.0/config.json": "{}",
    "tiny-1.0/tiny.py": "x = 1\n",
    "tiny-1.0/model.bin": bytes(64),
}


async def inspect(data: bytes, filename: str = "tiny.zip", **limits: object) -> ArchiveFacts:
    content = Content("key", len(data), "ab", "application/octet-stream", filename)
    package = replace(PACKAGE, content=content)
    return await StoredArchiveInspector(BytesBlobs(data), DirectSandbox(), **limits).inspect(package)  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("kind", MAKERS)
async def test_an_archive_of_every_kind_gives_the_same_facts(kind: str) -> None:
    facts = await inspect(MAKERS[kind](FILES))
    assert {file.path for file in facts.files} == set(FILES)
    assert facts.readme == "---\nlicense: mit\n---\n# Card\n"  # a card with front matter before a plain README
    assert facts.project is not None
    assert facts.project.tools == ("ruff",)
    assert facts.requirements == ("torch", "scikit-learn")
    assert facts.python is not None
    assert facts.python.files == 1
    assert not facts.truncated


async def test_the_readme_of_a_wheel_is_its_description_unless_a_card_is_inside() -> None:
    metadata = {"tiny-1.dist-info/WHEEL": "x", "tiny-1.dist-info/METADATA": "Name: tiny\n\n# Tiny\n"}
    part = {"tiny/part/README.md": "# A part\n"}
    card = {"tiny/README.md": "---\nlicense: mit\n---\n# Card\n"}
    assert (await inspect(make_zip({**metadata, **part}))).readme == "# Tiny\n"
    assert (await inspect(make_zip({**metadata, **part, **card}))).readme == card["tiny/README.md"]


async def test_content_that_is_a_single_file_is_looked_at_as_it_is() -> None:
    facts = await inspect(b"# Tiny\n", "README.md")
    assert [file.path for file in facts.files] == ["README.md"]
    assert facts.readme == "# Tiny\n"


def test_a_large_model_file_is_not_held_in_memory() -> None:
    file = io.BytesIO(make_zip({"model.bin": bytes(96 * MIB)}, compression=zipfile.ZIP_STORED))
    tracemalloc.start()
    try:
        facts = inspect_content(file, "content.zip", WALK_LIMITS, InspectionLimits())
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [entry.size for entry in facts.files] == [96 * MIB]
    assert peak_bytes < 64 * MIB


async def test_files_beyond_the_limit_are_left_out_and_that_is_said() -> None:
    data = make_zip({f"m{place}.bin": bytes(place) for place in range(4)})
    facts = await inspect(data, inspection=InspectionLimits(listed_files=3))
    assert facts.truncated
    assert len(facts.files) == 3


async def test_a_walk_that_reaches_its_limit_says_so() -> None:
    facts = await inspect(
        make_tar_gz({"a.txt": "a", "b.bin": os.urandom(20_000)}), limits=ArchiveLimits(unpacked_bytes=4_000)
    )
    assert facts.truncated


async def test_a_damaged_archive_is_an_empty_one_that_was_cut() -> None:
    facts = await inspect(b"PK\x03\x04" + bytes(100))
    assert facts.truncated
    assert facts.files == ()


async def test_a_package_without_content_has_nothing_to_inspect() -> None:
    inspector = StoredArchiveInspector(BytesBlobs(b""), DirectSandbox())
    with pytest.raises(NotFound):
        await inspector.inspect(PACKAGE)


def test_linting_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lint([PythonSource("a.py", "x = 1\n")])
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_no_reader_wants_needs_no_job() -> None:
    class NoSandbox:
        async def run(self, *_: object, **__: object) -> NoReturn:
            raise AssertionError("a job was started")

    data = b"a,b\n1,2\n"
    content = Content("key", len(data), "ab", "text/csv", "data.csv")
    found = await StoredArchiveInspector(BytesBlobs(data), NoSandbox()).inspect(replace(PACKAGE, content=content))
    assert found == inspect_content(io.BytesIO(data), "data.csv", WALK_LIMITS, InspectionLimits())
