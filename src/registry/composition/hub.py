"""Puts together what Hugging Face clients read."""

from registry.composition.backends import Records, Stores
from registry.ports.clock import Clock
from registry.ports.hub_commits import HubCommits
from registry.ports.passwords import PasswordHasher
from registry.ports.sandbox import Sandbox
from registry.services.files.files import PackageFiles
from registry.services.hub.cards import Cards
from registry.services.hub.files import RepositoryFiles
from registry.services.hub.hub import Hub
from registry.services.hub.listing import RepositoryListing
from registry.services.hub.puller import Puller
from registry.services.hub.pulling import PullThrough
from registry.services.hub.repositories import Repositories
from registry.services.hub.snapshots import Snapshots
from registry.services.hub.weights import Weights
from registry.services.ingest.ingest import Ingest
from registry.services.names.access import Access
from registry.services.packages.catalog import Catalog
from registry.services.packages.popularity import Popularity
from registry.services.packages.publishing import Publishing
from registry.services.packages.retrieval import Retrieval
from registry.services.ratings.ratings import Ratings
from registry.services.search.search import SearchService
from registry.settings import Settings, SettingsError


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
    popularity: Popularity,
    sandbox: Sandbox,
    pull_through: PullThrough | None,
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
            pull_through=pull_through,
        ),
        files=files,
        listing=RepositoryListing(
            records.packages,
            records.downloads,
            catalog=catalog,
            search=search,
            access=access,
            popularity=popularity,
        ),
        cards=Cards(sandbox),
        snapshots=Snapshots(retrieval, stores.shared.attempts),
        weights=Weights(files, sandbox),
    )


def pulling(
    settings: Settings,
    records: Records,
    commits: HubCommits | None,
    *,
    hasher: PasswordHasher,
    clock: Clock,
    publishing: Publishing,
    ingest: Ingest,
) -> PullThrough | None:
    """None where the settings do not want it. Raises SettingsError where there is no Hub to pull from."""
    if not settings.pull_through:
        return None
    if commits is None:
        raise SettingsError("REGISTRY_PULL_THROUGH needs REGISTRY_HUGGINGFACE_URL, which is empty.")
    puller = Puller(records.accounts, hasher=hasher, clock=clock)
    return PullThrough(commits, records.packages, records.names, puller, publishing, ingest)
