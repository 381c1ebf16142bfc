"""What a card or README says, read once: scores are computed from these facts, never from the text.

So a receipt gives the same numbers under every version of Python, of its Unicode tables and of the parsers.
"""

from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What a section is about, by its heading."""

    USAGE = "usage"
    EVALUATION = "evaluation"
    TRAINING_DATA = "training data"
    SUMMARY = "summary"
    STRUCTURE = "structure"
    CREATION = "creation"
    SPLITS = "splits"
    LIMITATIONS = "limitations"
    LICENSE = "license"


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """A heading with something beneath it. `words` counts what the section says, without repetitions and templates.

    `code`: there is a block of code in it. `example`: one of them shows how the package is used.
    """

    heading: str
    words: int
    code: bool = False
    example: bool = False
    subjects: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """A number that a card gives, with what it says beside it. `place` is `model-index` or the section's heading."""

    place: str
    value: float
    metric: str | None = None
    dataset: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class DemonstrationFacts:
    """A block of Python in a card, parsed and never run. `position` counts the card's blocks from 1.

    `error` says why it does not parse. `imports` are its modules outside the standard library, `imported` the names
    that it takes from them as pairs (module, name), `undefined` the names that nothing before them defines, `files` the
    local files that it opens. `used`: this block or a later one does something with what those imports bind.
    `names_package`: the package's name, or the card's title, stands in it.
    """

    position: int
    lines: int
    error: str | None = None
    standard_imports: int = 0
    imports: tuple[str, ...] = ()
    imported: tuple[tuple[str, str], ...] = ()
    undefined: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    used: bool = False
    names_package: bool = False


@dataclass(frozen=True, slots=True)
class CardReading:
    """What a card says.

    `words` counts its prose without repetitions; `example` is the first of its blocks of code that shows how the
    package is used. `installs` are the distributions, images and folders that its commands install.
    `repository` is the one that it calls its own (`owner/name`). `datasets` are those of its front matter,
    `mentioned_datasets` those of them that its prose names too. `licenses` are its front matter's: each as
    written, and as a normalised SPDX expression, None for what is none.
    `libraries` are the front matter's library and tags. `results` is how many results its `model-index` has, and
    `malformed_results` how many of them lack a task, a dataset, a metric or a number.
    """

    words: int = 0
    sections: tuple[SectionFacts, ...] = ()
    example: int | None = None
    installs: tuple[str, ...] = ()
    repository: str | None = None
    datasets: tuple[str, ...] = ()
    mentioned_datasets: tuple[str, ...] = ()
    licenses: tuple[tuple[str, str | None], ...] = ()
    libraries: tuple[str, ...] = ()
    claims: tuple[ClaimFacts, ...] = ()
    results: int = 0
    malformed_results: int = 0
    demonstrations: tuple[DemonstrationFacts, ...] = ()

    def on(self, *subjects: Subject, words: int = 1) -> tuple[SectionFacts, ...]:
        """The sections about one of these subjects that have so many words or code."""
        return tuple(
            section
            for section in self.sections
            if (section.words >= words or section.code) and any(subject in section.subjects for subject in subjects)
        )


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """What a `pyproject.toml` declares: its name, the tools that it sets up, the distributions that it requires."""

    name: str | None = None
    tools: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
