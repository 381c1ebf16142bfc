"""Search by words: ranked by bm25 with the name counting most, and by likeness where no package has the words."""

import re
import sqlite3
from dataclasses import dataclass

from registry.adapters.search.file import SearchFile
from registry.adapters.search.literals import TRIGRAM, fold
from registry.adapters.search.names import NameTable
from registry.adapters.search.scopes import ScopeFilter
from registry.adapters.search.snippets import make_snippet
from registry.adapters.search.stems import forms_of
from registry.domain.errors import InvalidInput
from registry.domain.search import RankedId, RankedIds

MAX_RANKED = 5_000
"""Ranking looks at this many packages at most, the newest: the time for an answer has a bound."""
_LIKENESS = 0.45
_MAX_WORDS = 16
_NAME_WEIGHT, _DESCRIPTION_WEIGHT, _README_WEIGHT = 10.0, 4.0, 1.0

_WORD = re.compile(r"\w+")
_POSITION = re.compile(r"([wc]):(-?[0-9]{1,9}(?:\.[0-9]{1,9})?(?:e-[0-9]{1,3})?):([0-9]{1,19})", re.ASCII)
# bm25() is smaller where it fits better; the outer query turns it around.
_RANKED = "SELECT rowid, -bm25(words, ?, ?, ?) FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
_SIMILAR = (
    "SELECT key, name || ' ' || description FROM similar JOIN documents ON key = similar.rowid "
    "WHERE similar MATCH ? ORDER BY similar.rowid DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Score:
    """A package and how well it fits; `likeness` 0–1 counts where words had to be guessed."""

    key: int
    value: float


def split_words(text: str) -> list[str]:
    """The words of what was typed. Raises InvalidInput where there is none."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words:
        raise InvalidInput("there is no word to search for", pointer="/q")
    if len(words) > _MAX_WORDS:
        raise InvalidInput(f"search for {_MAX_WORDS} words at most", pointer="/q")
    return words


def rank_page(
    file: SearchFile,
    table: NameTable,
    words: list[str],
    scope: ScopeFilter,
    *,
    limit: int,
    position: str | None,
    similar: bool,
) -> RankedIds:
    """The next packages by rank. While packages come and go ranks shift, so a walk is exact only at rest."""
    is_corrected, after = (similar, None) if position is None else _parse_position(position)
    with file.reading() as connection:
        found = _similar(connection, words) if is_corrected else _ranked(connection, words)
        scores = _accepted(found, table, scope)
        scores.sort(key=lambda score: (-score.value, -score.key))
        if after is not None:
            scores = [score for score in scores if (-score.value, -score.key) > (-after.value, -after.key)]
        places = [f"{'c' if is_corrected else 'w'}:{score.value!r}:{score.key}" for score in scores[:limit]]
        items = [_item(connection, score, words, place) for score, place in zip(scores[:limit], places, strict=True)]
    following = places[-1] if len(scores) > limit else None
    return RankedIds(tuple(item for item in items if item is not None), following, corrected=is_corrected)


def _accepted(scores: list[Score], table: NameTable, scope: ScopeFilter) -> list[Score]:
    return [score for score in scores if (place := table.find(score.key)) and place[0].accepts(place[1], scope)]


def _ranked(connection: sqlite3.Connection, words: list[str]) -> list[Score]:
    last = len(words) - 1
    expression = " AND ".join(_any_form(word, is_last=place == last) for place, word in enumerate(words))
    weights = (_NAME_WEIGHT, _DESCRIPTION_WEIGHT, _README_WEIGHT)
    rows = connection.execute(_RANKED, (*weights, expression, MAX_RANKED))
    return [Score(key, round(value, 9)) for key, value in rows]


def _any_form(word: str, *, is_last: bool) -> str:
    """The word in any of its forms; the last one may be a beginning, too."""
    forms = [f'"{form}"' for form in forms_of(word)]
    if is_last:
        forms[0] += " *"
    return f"({' OR '.join(forms)})"


def _similar(connection: sqlite3.Connection, words: list[str]) -> list[Score]:
    wanted = [trigrams for word in words if (trigrams := _trigrams(fold(word)))]
    terms = sorted(set[str]().union(*wanted))
    if not terms:
        return []
    expression = " OR ".join(f'"{term}"' for term in terms)
    scores = []
    for key, text in connection.execute(_SIMILAR, (expression, MAX_RANKED)):
        likeness = _likeness(wanted, text)
        if likeness >= _LIKENESS:
            scores.append(Score(key, round(likeness, 9)))
    return scores


def _likeness(wanted: list[frozenset[str]], text: str) -> float:
    """The mean over the words of the Dice coefficient with the likest word of the text."""
    offered = [trigrams for word in _WORD.findall(fold(text)) if (trigrams := _trigrams(word))]
    best = (
        max((2 * len(word & other) / (len(word) + len(other)) for other in offered), default=0.0) for word in wanted
    )
    return sum(best) / len(wanted)


def _trigrams(word: str) -> frozenset[str]:
    return frozenset(word[at : at + TRIGRAM] for at in range(len(word) - TRIGRAM + 1))


def _item(connection: sqlite3.Connection, score: Score, words: list[str], position: str) -> RankedId | None:
    found = connection.execute(
        "SELECT id, description, readme FROM documents LEFT JOIN texts USING (key) WHERE key = ?", (score.key,)
    ).fetchone()
    if found is None:
        return None
    package_id, description, readme = found
    texts = [description, readme.decode() if readme is not None else ""]
    snippet = make_snippet(texts, [form for word in words for form in forms_of(word)])
    return RankedId(package_id, score.value, snippet, position)


def _parse_position(position: str) -> tuple[bool, Score]:
    parts = _POSITION.fullmatch(position)
    if parts is None:
        raise InvalidInput("not a position of this search; begin again without a cursor", pointer="/cursor")
    return parts[1] == "c", Score(int(parts[3]), float(parts[2]))
