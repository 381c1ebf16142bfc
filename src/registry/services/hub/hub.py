"""What the Hugging Face routes are given."""

from dataclasses import dataclass

from registry.services.hub.cards import Cards
from registry.services.hub.files import RepositoryFiles
from registry.services.hub.listing import RepositoryListing
from registry.services.hub.repositories import Repositories
from registry.services.hub.snapshots import Snapshots
from registry.services.hub.weights import Weights


@dataclass(frozen=True, slots=True)
class Hub:
    """The services under `/hf`."""

    repositories: Repositories
    files: RepositoryFiles
    listing: RepositoryListing
    cards: Cards
    snapshots: Snapshots
    weights: Weights
