"""Everything that a rating asks of a card before it scores. Runs as an isolated job."""

import re
from collections.abc import Iterable

from registry.domain.card_facts import CardReading, DemonstrationFacts, SectionFacts
from registry.formats.blocks import CodeBlock
from registry.formats.cards import Card, Section, parse_card
from registry.formats.claims import read_claims
from registry.formats.front_matter import stated_licenses
from registry.formats.headings import MAX_HEADING_CHARACTERS, subjects_of
from registry.formats.license_expressions import normalise_license
from registry.formats.project_files import install_commands, installed_names
from registry.formats.python_examples import read_demonstrations
from registry.formats.repository_urls import labelled_repository

MAX_SECTIONS = 200
_MAX_NAMES = 200
_LEAST_NAME = 2
_PLACEHOLDERS = frozenset({"readme", "title", "introduction", "model card", "dataset card", "overview", "usage"})


def read_card_text(text: str, names: tuple[str, ...] = ()) -> CardReading:
    """What the text of a card says about a package that goes by these names."""
    card = parse_card(text)
    own = _own_names(card, names)
    shown = [_names(own, block.text) for block in card.code]
    demonstrations = tuple(read_demonstrations(card, shown))
    examples = _examples(card, shown, demonstrations)
    claims, results, malformed = read_claims(card)
    return CardReading(
        words=card.words,
        sections=tuple(_section(section, examples) for section in card.sections[:MAX_SECTIONS]),
        example=min(examples, default=None),
        installs=installed_names(install_commands(card))[:_MAX_NAMES],
        repository=labelled_repository(card),
        datasets=card.names("datasets"),
        mentioned_datasets=_mentioned(card),
        licenses=tuple((name, normalise_license(name)) for name in stated_licenses(card.front)),
        libraries=(*card.names("library_name"), *card.names("tags"))[:_MAX_NAMES],
        claims=claims,
        results=results,
        malformed_results=malformed,
        demonstrations=demonstrations,
    )


def _section(section: Section, examples: set[int]) -> SectionFacts:
    return SectionFacts(
        heading=section.heading[:MAX_HEADING_CHARACTERS],
        words=section.words,
        code=bool(section.blocks),
        example=any(place + 1 in examples for place in section.blocks),
        subjects=subjects_of(section.heading),
    )


def _examples(card: Card, shown: list[bool], demonstrations: Iterable[DemonstrationFacts]) -> set[int]:
    """The blocks (from 1) that show how the package is used: a call of what they import, or a command that names it."""
    used = {facts.position for facts in demonstrations if facts.error is None and (facts.used or facts.names_package)}
    named = {
        place
        for place, (block, names_it) in enumerate(zip(card.code, shown, strict=True), start=1)
        if names_it and _is_more_than_an_install(block)
    }
    python = {facts.position for facts in demonstrations}
    return used | (named - python)


def _is_more_than_an_install(block: CodeBlock) -> bool:
    lines = [line for line in block.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return any(not installed_names([line]) and len(line.split()) > 1 for line in lines)


def _own_names(card: Card, names: tuple[str, ...]) -> tuple[str, ...]:
    """The package's names, and those that its card gives itself: its title, and its models in the `model-index`."""
    index = card.front.get("model-index")
    models = [model.get("name") for model in index if isinstance(model, dict)] if isinstance(index, list) else []
    stated = [name for name in (card.title, *models) if isinstance(name, str) and len(name) <= MAX_HEADING_CHARACTERS]
    plain = (_plain(name.rsplit("/", 1)[-1]) for name in (*names, *stated))
    return tuple(name for name in plain if len(name) >= _LEAST_NAME and name not in _PLACEHOLDERS)


def _names(own: tuple[str, ...], text: str) -> bool:
    """Whether one of the names stands in the text, as words of their own."""
    said = f" {_plain(text)} "
    return any(f" {name} " in said for name in own)


def _plain(text: str) -> str:
    """Words of letters and digits with one space between: `all-MiniLM_L6` and `all minilm l6` are the same name."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _mentioned(card: Card) -> tuple[str, ...]:
    said = "".join(filter(str.isalnum, "".join(card.prose).lower()))
    tails = {
        name: "".join(filter(str.isalnum, name.rsplit("/", 1)[-1].lower())) for name in card.names("datasets")[:200]
    }
    return tuple(name for name, tail in tails.items() if len(tail) >= _LEAST_NAME and tail in said)
