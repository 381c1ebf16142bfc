"""Pattern search: what is found, in which order, for whom, and what is refused."""

import itertools
from pathlib import Path

import pytest

from registry.adapters.search.index import LocalSearchIndex
from registry.domain.errors import InvalidInput, Unavailable
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.search import RegexQuery, SearchField, SearchScope
from registry.domain.visibility import Viewer
from tests.search.engines import open_engine
from tests.search.records import Records, make_package

NAMES = frozenset({SearchField.NAME})
READMES = frozenset({SearchField.README})


@pytest.fixture
def records() -> Records:
    records = Records()
    records.put(
        make_package(1, "google-bert/bert-base-uncased", readme="# BERT\nTrained on Wikipedia.\n", tags=("nlp",)),
        make_package(2, "bert-tiny", readme="A Kelvin sign: \u212a, a long s: \u017f.", type=PackageType.DATASET),
        make_package(3, "GPT 2 (small)", readme=None, status=PackageStatus.DEPRECATED, owner="bob"),
        make_package(4, "resnet50", readme="", status=PackageStatus.QUARANTINED, owner="bob"),
        make_package(5, "whisper", readme="\nspeech\r\nto text", tags=("audio", "speech")),
    )
    return records


@pytest.mark.parametrize(
    ("pattern", "fields", "names"),
    [
        ("bert", NAMES, ["bert-tiny", "google-bert/bert-base-uncased"]),
        ("^bert", NAMES, ["bert-tiny"]),
        ("(?i)^gpt", NAMES, ["GPT 2 (small)"]),
        ("gpt", NAMES, []),
        (r"\Abert-tiny\z", NAMES, ["bert-tiny"]),
        (r"small\)$", NAMES, ["GPT 2 (small)"]),
        (r"[^a-z]\z", NAMES, ["resnet50", "GPT 2 (small)"]),
        (r"r\s|t[^x]r", NAMES, []),
        (r"(?s)y.w|r\nr", NAMES, []),
        (r"o\Bg|t\Bt", NAMES, ["google-bert/bert-base-uncased"]),
        (r"r\Bt-", NAMES, ["bert-tiny", "google-bert/bert-base-uncased"]),
        (r"\bbase\b", NAMES, ["google-bert/bert-base-uncased"]),
        ("", NAMES, ["whisper", "resnet50", "GPT 2 (small)", "bert-tiny", "google-bert/bert-base-uncased"]),
        ("", READMES, ["whisper", "resnet50", "bert-tiny", "google-bert/bert-base-uncased"]),
        ("^$", READMES, ["resnet50"]),
        ("(?m)^$", READMES, ["whisper", "resnet50", "google-bert/bert-base-uncased"]),
        ("BERT$", READMES, []),
        ("(?m)BERT$", READMES, ["google-bert/bert-base-uncased"]),
        (r"Wikipedia\.\n\z", READMES, ["google-bert/bert-base-uncased"]),
        ("(?i)SIGN: K, A LONG S: S", READMES, ["bert-tiny"]),
        ("sign: \u212a, a", READMES, ["bert-tiny"]),
        ("sign: k, a", READMES, []),
        (r"^\nspeech\r\n", READMES, ["whisper"]),
        ("BERT|to text", READMES, ["whisper", "google-bert/bert-base-uncased"]),
        ("tiny|Wikipedia", NAMES | READMES, ["bert-tiny", "google-bert/bert-base-uncased"]),
    ],
)
async def test_finds(
    records: Records, tmp_path: Path, pattern: str, fields: frozenset[SearchField], names: list[str]
) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        assert await engine.found(RegexQuery(pattern, fields)) == names
        assert await engine.found(RegexQuery(pattern, fields), limit=1) == names


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (SearchScope(type=PackageType.DATASET), ["bert-tiny"]),
        (SearchScope(status=PackageStatus.DEPRECATED), ["GPT 2 (small)"]),
        (SearchScope(tag="speech"), ["whisper"]),
        (SearchScope(status=PackageStatus.QUARANTINED), ["resnet50"]),
        (SearchScope(status=PackageStatus.QUARANTINED, viewer=Viewer("alice")), []),
        (SearchScope(status=PackageStatus.QUARANTINED, viewer=Viewer("bob")), ["resnet50"]),
        (
            SearchScope(viewer=Viewer("alice")),
            ["whisper", "GPT 2 (small)", "bert-tiny", "google-bert/bert-base-uncased"],
        ),
    ],
)
async def test_scope(records: Records, tmp_path: Path, scope: SearchScope, names: list[str]) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        assert await engine.found(RegexQuery("", NAMES, scope)) == names
        assert await engine.found(RegexQuery("", READMES, scope)) == [name for name in names if name != "GPT 2 (small)"]


@pytest.mark.parametrize(
    ("pattern", "position"),
    [
        ("a(b", 1),
        ("a)b", 1),
        ("é*+", 2),
        ("*", 0),
        ("[z-a]", 1),
        ("[abc", 0),
        ("x(?=y)", 1),
        (r"(a)\1", 3),
        (r"x\C", 1),
        (r"é\p{Klingon}", 1),
        ("[[:klingon:]]", 1),
        ("\\", 0),
        ("a{3,2}", 1),
        ("a{1001}", 1),
        ("ab\ud800", 2),
        (r"\x{110000}", 0),
        ("(" * 5000 + ")" * 5000, 1000),
        ("((" * 100 + "))" * 100, 50),
        ("a" * 1001, 1000),
        ("(?P<n>a)(?P<n>b)", 8),
    ],
)
async def test_an_error_names_its_position(records: Records, tmp_path: Path, pattern: str, position: int) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        with pytest.raises(InvalidInput) as refused:
            await engine.service.find(RegexQuery(pattern), limit=1)
        assert refused.value.errors[0].pointer == "/regex"
        assert refused.value.details == {"position": position}


@pytest.mark.parametrize("position", ["", "x:1", "a" * 65, "\u0661", "a\n"])
async def test_a_foreign_position_is_refused(records: Records, tmp_path: Path, position: str) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        with pytest.raises(InvalidInput) as refused:
            await engine.service.find(RegexQuery("a"), limit=1, position=position)
        assert refused.value.errors[0].pointer == "/cursor"


async def test_no_field_is_refused(records: Records, tmp_path: Path) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        with pytest.raises(InvalidInput, match="/in"):
            await engine.service.find(RegexQuery("a", frozenset()), limit=1)


async def test_what_is_told_comes_from_the_records_in_one_batch(records: Records, tmp_path: Path) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        records.batches = 0
        page = await engine.service.find(RegexQuery("bert"), limit=50)
        assert [package.id for package in page.items] == sorted((p.id for p in page.items), reverse=True)
        assert records.batches == 1
        # Deleted and quarantined a moment ago, and not indexed yet.
        records.remove(page.items[0].id)
        records.put(make_package(1, "google-bert/bert-base-uncased", status=PackageStatus.QUARANTINED))
        scope = SearchScope(viewer=Viewer("bob"))
        assert await engine.found(RegexQuery("bert", scope=scope)) == []


async def test_a_page_that_is_late_ends_and_the_walk_goes_on(records: Records, tmp_path: Path) -> None:
    records.put(*(make_package(number, f"n{number}", readme=f"text {number}") for number in range(10, 40)))
    ticks = itertools.count().__next__
    async with open_engine(tmp_path / "search.db", records, monotonic=ticks, wait_seconds=10) as engine:
        page = await engine.service.find(RegexQuery("[t]ext [0-9]+$", READMES), limit=50)
        assert len(page.items) == 1
        assert page.next_position is not None
        for fields in (READMES, READMES | NAMES):
            names = await engine.found(RegexQuery("[t]ext [0-9]+$", fields))
            assert names == [f"n{number}" for number in reversed(range(10, 40))]


async def test_before_the_index_is_filled_searches_are_unavailable(tmp_path: Path) -> None:
    index = await LocalSearchIndex(tmp_path / "search.db").open()
    try:
        assert not index.state().ready
        with pytest.raises(Unavailable, match="being built"):
            await index.find(RegexQuery("a"), limit=1, position=None)
    finally:
        await index.close()
