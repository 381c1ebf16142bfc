"""Bodies of answers to searches."""

from typing import Annotated

from pydantic import ConfigDict, Field

from registry.api.models.packages import PACKAGE_EXAMPLE, Answer, PackageSummaryModel


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
