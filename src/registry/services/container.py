"""The services of a running registry, as the HTTP layer and the worker receive them."""

from dataclasses import dataclass

from registry.services.accounts import Accounts
from registry.services.admission import Admission
from registry.services.catalog import Catalog
from registry.services.changing import Changing
from registry.services.cursors import CursorCodec
from registry.services.health import HealthMonitor
from registry.services.ingest import Ingest
from registry.services.maintenance import Maintenance
from registry.services.publishing import Publishing
from registry.services.reading import Reading
from registry.services.retrieval import Retrieval
from registry.services.sessions import Sessions
from registry.services.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Services:
    sessions: Sessions
    reading: Reading
    accounts: Accounts
    catalog: Catalog
    publishing: Publishing
    changing: Changing
    retrieval: Retrieval
    maintenance: Maintenance
    health: HealthMonitor
    ingest: Ingest
    uploads: Uploads
    admission: Admission
    cursors: CursorCodec
