"""What searches take, and the bodies of their answers."""

from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field

from registry.api.inclusion import Include
from registry.api.models.packages import PACKAGE_EXAMPLE, Answer, PackageSummaryModel
from registry.api.models.pages import DEFAULT_LIMIT, CursorText, PageCursor, PageLimit, PageQuery, PageSize
from registry.api.models.requests import Strict, Type
from registry.domain.packages import PackageStatus, PackageType
from registry.domain.safety import SafetyStatus
from registry.domain.search import MAX_PATTERN_LENGTH, MAX_TEXT_LENGTH, SearchField

_Tag = Annotated[str, Field(min_length=1, max_length=64)]
_License = Annotated[
    str,
    Field(min_length=1, max_length=200, description="only packages that state this license, alone or in an expression"),
]
_SAFETY = "only packages whose current revision has this verdict; a page may be short and have a `next_cursor`"


class RegexBody(Strict):
    """What to look for. Members that are null do not restrict."""

    model_config = Strict.model_config | {
        "json_schema_extra": {"examples": [{"regex": "(?i)^google/.*bert", "in": ["name", "readme"], "type": "model"}]}
    }

    regex: Annotated[
        str,
        Field(
            max_length=MAX_PATTERN_LENGTH,
            description="RE2's syntax, case-sensitive unless `(?i)`; `^` and `$` are ends of the name or README, "
            "of lines with `(?m)`",
        ),
    ]
    fields: Annotated[
        list[Annotated[SearchField, Field(strict=False)]],
        Field(alias="in", min_length=1, max_length=8, description="where it is looked for"),
    ] = [SearchField.NAME, SearchField.README]  # noqa: RUF012  (pydantic copies defaults)
    type: Type | None = None
    status: Annotated[PackageStatus, Field(strict=False)] | None = None
    tag: _Tag | None = None
    license: _License | None = None
    safety: Annotated[SafetyStatus, Field(strict=False, description=_SAFETY)] | None = None
    limit: PageSize = DEFAULT_LIMIT
    cursor: CursorText | None = None

    def filters(self) -> str:
        """What a cursor is bound to."""
        members = [self.regex, sorted(set(self.fields)), self.type, self.status, self.tag, self.license, self.safety]
        return orjson.dumps(members).decode()


class RegexQueryParameters(BaseModel):
    """The parameters of a search by expression, beside its body."""

    model_config = ConfigDict(frozen=True)

    limit: Annotated[PageSize | None, Field(description="instead of the body's")] = None
    cursor: Annotated[CursorText | None, Field(description="instead of the body's")] = None
    include: Include = None


class WordsQuery(BaseModel):
    """The parameters of a search by words."""

    model_config = ConfigDict(frozen=True)

    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TEXT_LENGTH,
            description="words that must all occur in name, description or README; the last may be a beginning",
            examples=["sentence embed"],
        ),
    ]
    limit: PageLimit = DEFAULT_LIMIT
    cursor: PageCursor = None
    type: PackageType | None = None
    status: PackageStatus | None = None
    tag: Annotated[str | None, Field(max_length=64)] = None
    license: _License | None = None
    safety: Annotated[SafetyStatus | None, Field(description=_SAFETY)] = None
    include: Include = None


class DependentsQuery(PageQuery):
    """The parameters of a listing of dependents."""

    include: Include = None


class HighlightModel(Answer):
    start: Annotated[int, Field(description="in characters (Unicode code points) of the snippet's text")]
    end: Annotated[int, Field(description="after the last character")]


class SnippetModel(Answer):
    """A piece of the description or the README, as plain text."""

    text: str
    highlights: list[HighlightModel]


class MatchModel(Answer):
    score: Annotated[float, Field(description="higher fits better; to be compared within one search only")]
    similar: Annotated[bool, Field(description="no package had the words, this one has similar ones")]
    snippet: SnippetModel


class FoundPackageModel(PackageSummaryModel):
    """A package as listings show it, and why it was found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                PACKAGE_EXAMPLE
                | {
                    "match": {
                        "score": 7.25,
                        "similar": False,
                        "snippet": {"text": "A small BERT", "highlights": [{"start": 8, "end": 12}]},
                    }
                }
            ]
        },
    )

    match: MatchModel
