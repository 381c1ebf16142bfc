"""Search by words: order, prefixes, typing errors, snippets, paging."""

from pathlib import Path

import pytest

from registry.domain.errors import InvalidInput
from registry.domain.names import Name, Visibility
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.search import SearchScope, TextQuery
from registry.domain.visibility import Viewer
from tests.search.engines import Engine, open_engine
from tests.search.records import Records, make_package


@pytest.fixture
def records() -> Records:
    records = Records()
    records.put(
        make_package(1, "google-bert/bert-base", description="A language model.", readme="Transformer for text."),
        make_package(2, "wikipedia", type=PackageType.DATASET, description="Articles to train bert with."),
        make_package(
            3, "resnet50", readme="Vision. " * 40 + "Compared with BERT <b>& friends</b> & transformers here."
        ),
        make_package(4, "whisper-tiny", description="Speech recognition", readme="R\u00e9sum\u00e9 of speech"),
        make_package(5, "secret-bert", status=PackageStatus.QUARANTINED, owner="bob"),
    )
    return records


async def ranked(engine: Engine, text: str, *, scope: SearchScope | None = None) -> list[str]:
    page = await engine.service.rank(TextQuery(text, scope or SearchScope(viewer=Viewer("alice"))), limit=50)
    return [item.package.name for item in page.items]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bert", ["google-bert/bert-base", "wikipedia", "resnet50"]),
        ("BERT base", ["google-bert/bert-base"]),
        ("speech recog", ["whisper-tiny"]),
        ("resume", ["whisper-tiny"]),
        ("transform", ["google-bert/bert-base", "resnet50"]),
        # Operators of FTS5 are words like others; where not all words are found, some must do.
        ('bert" OR NEAR(* ^-:', ["wikipedia", "google-bert/bert-base"]),
        ("name : bert", ["wikipedia", "google-bert/bert-base"]),
        ('"bert" *', ["google-bert/bert-base", "wikipedia", "resnet50"]),
        ("wisper", ["whisper-tiny"]),
        ("resnett50", ["resnet50"]),
        ("wikpedia articels", ["wikipedia"]),
        ("zzzz", []),
        ("x", []),
    ],
)
async def test_order(records: Records, tmp_path: Path, text: str, names: list[str]) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        assert await ranked(engine, text) == names


async def test_scope(records: Records, tmp_path: Path) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        assert await ranked(engine, "bert", scope=SearchScope(type=PackageType.DATASET)) == ["wikipedia"]
        assert await ranked(engine, "secret", scope=SearchScope(viewer=Viewer("bob"))) == ["secret-bert"]
        assert await ranked(engine, "secret") == []


async def test_words_of_hidden_packages_are_as_unknown_as_any(records: Records, tmp_path: Path) -> None:
    for number in range(6, 12):
        records.put(
            make_package(number, f"whisperx-{number}", status=PackageStatus.QUARANTINED, owner="bob", readme="speech")
        )
    hidden = {(PackageType.MODEL, "wispers"): _private("wispers")}
    records.put(make_package(12, "wispers", description="whisperx"))
    viewer = Viewer("alice", private=hidden)
    async with open_engine(tmp_path / "search.db", records) as engine:
        # Only hidden packages have the word: the answer is that of a word that nobody has.
        page = await engine.service.rank(TextQuery("whisperx", SearchScope(viewer=viewer)), limit=2)
        assert ([item.package.name for item in page.items], page.corrected) == (["whisper-tiny"], True)
        # Hidden ones among those found leave no gap, and no next page that is empty.
        page = await engine.service.rank(TextQuery("speech", SearchScope(viewer=viewer)), limit=1)
        assert ([item.package.name for item in page.items], page.next_position) == (["whisper-tiny"], None)
        page = await engine.service.rank(TextQuery("whisperx", SearchScope(viewer=Viewer("bob"))), limit=50)
        assert len(page.items) == 7
        assert not page.corrected


def _private(name: str) -> Name:
    return Name(PackageType.MODEL, name, ("bob#bob",), Visibility.PRIVATE, (), {}, 1)


async def test_a_snippet_shows_the_words_as_plain_text_with_places(records: Records, tmp_path: Path) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        page = await engine.service.rank(TextQuery("friends transform"), limit=1)
        snippet = page.items[0].snippet
        assert "<b>& friends</b>" in snippet.text
        assert [snippet.text[start:end] for start, end in snippet.highlights] == ["friends", "transformers"]
        assert page.items[0].score > 0


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("review", "reviews"),
        ("reviews", "reviewing"),
        ("categories here", "category here"),
        ("quantized weights", "quantization of weights"),
        ("embedding models", "embedded model"),
    ],
)
async def test_a_word_is_found_in_its_other_forms(records: Records, tmp_path: Path, asked: str, written: str) -> None:
    records.put(make_package(60, "forms", readme=f"Some {written}."))
    async with open_engine(tmp_path / "search.db", records) as engine:
        page = await engine.service.rank(TextQuery(asked), limit=1)
        assert [item.package.name for item in page.items] == ["forms"]
        assert not page.corrected
        assert page.items[0].snippet.highlights


async def test_a_snippet_skips_the_front_matter(records: Records, tmp_path: Path) -> None:
    readme = "---\nlicense: mit\ntags:\n- cheese\n---\n\n# Cheese\n\nAll about cheese."
    records.put(make_package(61, "card", readme=readme))
    async with open_engine(tmp_path / "search.db", records) as engine:
        snippet = (await engine.service.rank(TextQuery("cheese"), limit=1)).items[0].snippet
        assert snippet.text == "# Cheese\n\nAll about cheese."
        assert [snippet.text[start:end] for start, end in snippet.highlights] == ["Cheese", "cheese"]
        assert (await engine.service.rank(TextQuery("mit"), limit=1)).items[0].snippet.text.startswith("# Cheese")


async def test_a_snippet_has_no_addresses_and_badges(records: Records, tmp_path: Path) -> None:
    badge = "[![Build](https://x.example/cheddar/badge.svg)](https://x.example/cheddar)"
    records.put(make_package(62, "dairy", readme=f"{badge}\n# Dairy\n\nMakes [Cheddar](https://x.example/cheddar)."))
    async with open_engine(tmp_path / "search.db", records) as engine:
        snippet = (await engine.service.rank(TextQuery("cheddar"), limit=1)).items[0].snippet
        assert snippet.text == "# Dairy\n\nMakes Cheddar."
        assert [snippet.text[start:end] for start, end in snippet.highlights] == ["Cheddar"]


async def test_paging_tells_each_once(records: Records, tmp_path: Path) -> None:
    records.put(*(make_package(number, f"bert-{number}", readme="bert " * (number % 7)) for number in range(10, 50)))
    async with open_engine(tmp_path / "search.db", records) as engine:
        for text, corrected in (("bert", False), ("bertt", True)):
            seen: list[str] = []
            position: str | None = None
            scores: list[float] = []
            while True:
                page = await engine.service.rank(TextQuery(text), limit=6, position=position)
                assert page.corrected is corrected
                seen += [item.package.name for item in page.items]
                scores += [item.score for item in page.items]
                position = page.next_position
                if position is None:
                    break
            assert len(seen) == len(set(seen)) >= 40
            assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("text", ["", "  ", "!?", "a " * 17, "a" * 201])
async def test_a_query_without_words_or_with_too_many_is_refused(records: Records, tmp_path: Path, text: str) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        with pytest.raises(InvalidInput, match="/q"):
            await engine.service.rank(TextQuery(text), limit=1)


@pytest.mark.parametrize("position", ["", "5", "w:1", "w:x:1", "z:1.0:1", "w:1.0:-1", "w:--:1"])
async def test_a_foreign_position_is_refused(records: Records, tmp_path: Path, position: str) -> None:
    async with open_engine(tmp_path / "search.db", records) as engine:
        with pytest.raises(InvalidInput, match="/cursor"):
            await engine.service.rank(TextQuery("bert"), limit=1, position=position)
