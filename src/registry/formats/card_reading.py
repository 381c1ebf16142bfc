"""Everything that a rating asks of a card before it scores. Runs as an isolated job."""

from registry.domain.evidence import CardReading
from registry.formats.cards import parse_card
from registry.formats.python_examples import read_demonstrations
from registry.formats.repository_urls import labelled_repository


def read_card_text(text: str) -> CardReading:
    """What the text of a card says."""
    return CardReading(labelled_repository(text), parse_card(text).names("datasets"), read_demonstrations(text))
