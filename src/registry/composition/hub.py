"""Puts together what Hugging Face clients read."""

from registry.composition.backends import Records, Stores
from registry.ports.sandbox import Sandbox
from registry.services.files.files import PackageFiles
from registry.services.hub.cards import Cards
from registry.services.hub.files import RepositoryFiles
from registry.services.hub.hub import Hub
from registry.services.hub.listing import RepositoryListing
from registry.services.hub.repositories import Repositories
from registry.services.hub.snapshots import Snapshots
from registry.services.hub.weights import Weights
from registry.services.names.access import Access
from registry.services.packages.catalog import Catalog
from registry.services.packages.retrieval import Retrieval
from registry.services.ratings.ratings import Ratings
from registry.services.search.search import SearchService
from registry.settings import Settings


def assemble_hub(
    settings: Settings,
    stores: Stores,
    records: Records,
    *,
    contents: PackageFiles,
    catalog: Catalog,
    retrieval: Retrieval,
    ratings: Ratings,
    access: Access,
    search: SearchService,
    sandbox: Sandbox,
) -> Hub:
    """The services under `/hf`."""
    files = RepositoryFiles(contents)
    return Hub(
        repositories=Repositories(
            records.packages,
            records.names,
            catalog=catalog,
            retrieval=retrieval,
            ratings=ratings,
            min_score=settings.min_serve_score,
        ),
        files=files,
        listing=RepositoryListing(records.packages, catalog, search, access),
        cards=Cards(sandbox),
        snapshots=Snapshots(retrieval, stores.shared.attempts),
        weights=Weights(files, sandbox),
    )
