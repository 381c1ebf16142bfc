"""Looking inside archives: Python that is read and not run, pickles that are scanned and not loaded."""

import io
import json
import os
import pickle
import random
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import NotFound
from registry.domain.evidence import ArchiveFacts
from registry.domain.packages import Content
from registry.formats.archives.inspecting import inspect_content
from registry.formats.archives.limits import ArchiveLimits
from registry.formats.inspection import MIB, InspectionLimits
from registry.formats.pickles import MAX_OPCODES, scan_pickles
from registry.formats.python_sources import PythonSource, lint, read_python
from registry.formats.safetensors import check_safetensors
from registry.services.ratings.archive_evidence import WALK_LIMITS, StoredArchiveInspector
from tests.rating.world import PACKAGE
from tests.sandbox import DirectSandbox
from tests.unit.archives import MAKERS, BytesBlobs, Files, make_tar_gz, make_zip


class RunsOnLoad:
    def __init__(self, place: str = "/nowhere") -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.place,)


def severities(data: bytes, name: str = "model.bin") -> set[tuple[str, str]]:
    return {(finding.scanner, finding.severity) for finding in scan_pickles(name, io.BytesIO(data))}


def checkpoint(data: bytes, name: str = "archive/data.pkl") -> bytes:
    return make_zip({name: data, "archive/data/0": b"\0" * 64})


HARMLESS = pickle.dumps({"weights": [1, 2, 3]})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_both_scanners_find_code_in_every_protocol_and_none_of_it_runs(protocol: int, tmp_path: Path) -> None:
    place = tmp_path / "made by a pickle"
    data = pickle.dumps(RunsOnLoad(str(place)), protocol=protocol)
    for wrapped in (data, checkpoint(data), HARMLESS + data, data + bytes(5_000), data[:-1]):
        assert {("picklescan", "dangerous"), ("fickling", "dangerous")} <= severities(wrapped)
    assert not place.exists()


def test_a_pickle_is_found_in_a_checkpoint_under_any_name() -> None:
    assert ("picklescan", "dangerous") in severities(checkpoint(pickle.dumps(RunsOnLoad()), "archive/weights.txt"))


def test_a_harmless_pickle_is_told_as_a_pickle() -> None:
    assert severities(HARMLESS) == {("registry", "info")}


def test_other_formats_under_a_pickle_s_name_have_no_findings() -> None:
    assert severities(b"lmgg" + bytes(1_000)) == set()
    assert severities(b"") == set()


# An import whose module and name are no text, one without any, one beside a value that nothing was imported to call,
# one for which the memo has nothing, one whose module is longer than what is told of it.
@pytest.mark.parametrize(
    "data",
    [
        b"NN\x93.",
        b"\x93.",
        b"K\x01K\x02RN\x93.",
        b"h\x05h\x06\x93.",
        b"\x8c\x02abN\x93\xff\xfe",
        b"X\x2c\x01\x00\x00" + b"a" * 300 + b"N\x93\xff",
    ],
)
def test_an_import_that_loading_never_reaches_is_no_danger(data: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  whatever an unpickler makes of it
        pickle.loads(data)  # noqa: S301  it cannot run anything: that is the point
    assert severities(data) <= {("picklescan", "suspicious"), ("fickling", "suspicious")}


def test_an_import_by_a_computed_name_is_a_danger_even_where_the_pickle_breaks_afterwards() -> None:
    computed = b"cbuiltins\nstr\n\x8c\x02os\x85R\x8c\x06system\x93\x8c\x04true\x85R"
    assert ("picklescan", "dangerous") in severities(computed + b".")
    assert ("picklescan", "dangerous") in severities(computed + b"\xff")


def test_random_bytes_are_no_danger() -> None:
    choice = random.Random(2)  # noqa: S311  no secret
    for _ in range(20_000):
        data = choice.randbytes(choice.randrange(1, 4000))
        assert "dangerous" not in {severity for _, severity in severities(data)}, data


def test_arrays_of_numbers_hold_no_pickle_and_arrays_of_objects_do() -> None:
    def npy(description: str, data: bytes) -> bytes:
        header = f"{{'descr': '{description}', 'fortran_order': False, 'shape': (1,)}}".encode()
        return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data

    assert severities(npy("<f4", bytes(4)), "a.npy") == set()
    assert ("picklescan", "dangerous") in severities(npy("|O", pickle.dumps(RunsOnLoad())), "a.npy")
    assert ("picklescan", "dangerous") in severities(
        make_zip({"a.npy": npy("|O", pickle.dumps(RunsOnLoad()))}), "a.npz"
    )


def test_what_would_cost_too_much_to_analyse_is_suspicious() -> None:
    assert severities(b"\x80\x04" + b"N0" * MAX_OPCODES + b"N.") == {("registry", "suspicious")}
    assert severities(b"PK\x03\x04 no zip") == {("registry", "suspicious")}


@given(st.binary(max_size=400))
def test_any_bytes_are_scanned_without_an_error(data: bytes) -> None:
    for start in (b"", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY\x01\x00"):
        severities(start + data)
    check_safetensors("a.safetensors", data, len(data))


def safetensors(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensor(begin: int, end: int, shape: tuple[int, ...] = (2,)) -> dict[str, object]:
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("data", "severity"),
    [
        (safetensors({"a": tensor(0, 8), "__metadata__": {"format": "pt"}}, bytes(8)), "info"),
        (safetensors({"a": tensor(0, 8), "b": tensor(8, 16)}, bytes(16)), "info"),
        (safetensors({"a": tensor(0, 8)}, bytes(9)), "suspicious"),
        (safetensors({"a": tensor(0, 8), "b": tensor(9, 17)}, bytes(17)), "suspicious"),
        (safetensors({"a": tensor(0, 9)}, bytes(9)), "suspicious"),
        (safetensors({"a": 1}), "suspicious"),
        (safetensors([]), "suspicious"),
        (b"\xff" * 16, "suspicious"),
        (b"", "suspicious"),
    ],
)
def test_the_header_of_safetensors_must_account_for_every_byte(data: bytes, severity: str) -> None:
    assert [finding.severity for finding in check_safetensors("m.safetensors", data, len(data))] == [severity]


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
    "tiny-1.0/model.safetensors": safetensors({"a": tensor(0, 8)}, bytes(8)),
    "tiny-1.0/model.bin": checkpoint(pickle.dumps(RunsOnLoad())),
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
    assert facts.config == "{}"
    assert facts.pyproject == "[tool.ruff]\n"
    assert facts.requirements == ("torch", "scikit-learn")
    assert facts.python is not None
    assert facts.python.files == 1
    assert {(finding.path, finding.severity) for finding in facts.safety.findings} == {
        ("tiny-1.0/model.safetensors", "info"),
        ("tiny-1.0/model.bin:archive/data.pkl", "dangerous"),
    }
    assert not facts.truncated


async def test_content_that_is_a_single_file_is_looked_at_as_it_is() -> None:
    facts = await inspect(pickle.dumps(RunsOnLoad()), "model.pkl")
    assert [file.path for file in facts.files] == ["model.pkl"]
    assert facts.safety.findings[0].severity == "dangerous"


@pytest.mark.parametrize("start", [b"lmgg", b"PK\x03\x04"])
def test_a_large_model_file_is_not_held_in_memory(start: bytes) -> None:
    file = io.BytesIO(make_zip({"model.bin": start + bytes(96 * MIB)}, compression=zipfile.ZIP_STORED))
    tracemalloc.start()
    try:
        facts = inspect_content(file, "content.zip", WALK_LIMITS, InspectionLimits())
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert facts.safety.scanned == ("model.bin",)
    assert peak_bytes < 64 * MIB


async def test_what_is_over_a_limit_is_named_and_not_vouched_for() -> None:
    data = make_zip({f"m{place}.bin": HARMLESS + bytes(place) for place in range(4)})
    by_size = await inspect(data, inspection=InspectionLimits(model_bytes=len(HARMLESS) + 2, listed_files=3))
    assert (by_size.safety.scanned, by_size.safety.skipped) == (("m0.bin", "m1.bin", "m2.bin"), ("m3.bin",))
    assert by_size.truncated
    assert len(by_size.files) == 3
    by_number = await inspect(data, inspection=InspectionLimits(model_files=1))
    assert (by_number.safety.scanned, by_number.safety.skipped) == (("m0.bin",), ("m1.bin", "m2.bin", "m3.bin"))
    assert not by_number.truncated


async def test_a_walk_that_reaches_its_limit_says_so() -> None:
    facts = await inspect(
        make_tar_gz({"a.txt": "a", "b.bin": os.urandom(20_000)}), limits=ArchiveLimits(unpacked_bytes=4_000)
    )
    assert facts.truncated
    assert facts.safety.skipped == ("b.bin",)


async def test_a_damaged_model_file_is_not_vouched_for() -> None:
    data = bytearray(make_zip({"m.bin": HARMLESS * 20}, compression=zipfile.ZIP_STORED))
    data[60] ^= 1  # in the member's bytes, so that its checksum differs
    facts = await inspect(bytes(data))
    assert facts.safety.skipped == ("m.bin",)


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
