"""A typed client of a registry, asynchronous and synchronous.

    async with RegistryClient("https://registry.example.org") as client:
        await client.login("alice", password)
        package = await client.publish(Path("bert-tiny.zip"), NewPackage("bert-tiny", "1.2.3", "model"))
        await client.download(package, Path("copy.zip"))

    with SyncRegistryClient("https://registry.example.org", token) as client:
        client.download(client.resolve("bert-tiny"), "copy.zip")

`docs/client.md` has more examples.
"""

from registry.client.assessments import LicenseCheck, Metric, Rating, SafetyFinding, Verdict
from registry.client.audit import AuditLog
from registry.client.dependencies import Cost, CostItem, Lineage, LineageEdge, LineageNode
from registry.client.downloads import safe_filename
from registry.client.errors import (
    AmbiguousReference,
    ClientError,
    Conflict,
    DigestMismatch,
    FileChanged,
    InvalidAnswer,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PreconditionFailed,
    Problem,
    ProblemError,
    ServerFailed,
    TooManyRequests,
    Unreachable,
)
from registry.client.files import Files, PackageFile
from registry.client.models import (
    AuditEntry,
    Content,
    Document,
    FoundPackage,
    Match,
    NewPackage,
    Package,
    RatingSummary,
    Readiness,
    Token,
    User,
)
from registry.client.multipart import file_sha256
from registry.client.names import Alias, Name, Names, Release, Version
from registry.client.paging import first
from registry.client.progress import Phase, Progress, silent
from registry.client.ratings import Ratings
from registry.client.registry import RegistryClient
from registry.client.safety import Safety
from registry.client.sync import SyncRegistryClient
from registry.client.tokens import ApiToken, Identity, Tokens
from registry.client.transfers import Transfers
from registry.client.transport import Retries
from registry.client.users import Users
from registry.client.webhooks import Delivery, Webhook, Webhooks
from registry.domain.packages import Dependency

__all__ = [
    "Alias",
    "AmbiguousReference",
    "ApiToken",
    "AuditEntry",
    "AuditLog",
    "ClientError",
    "Conflict",
    "Content",
    "Cost",
    "CostItem",
    "Delivery",
    "Dependency",
    "DigestMismatch",
    "Document",
    "FileChanged",
    "Files",
    "FoundPackage",
    "Identity",
    "InvalidAnswer",
    "InvalidRequest",
    "LicenseCheck",
    "Lineage",
    "LineageEdge",
    "LineageNode",
    "Match",
    "Metric",
    "Name",
    "Names",
    "NewPackage",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "Package",
    "PackageFile",
    "Phase",
    "PreconditionFailed",
    "Problem",
    "ProblemError",
    "Progress",
    "Rating",
    "RatingSummary",
    "Ratings",
    "Readiness",
    "RegistryClient",
    "Release",
    "Retries",
    "Safety",
    "SafetyFinding",
    "ServerFailed",
    "SyncRegistryClient",
    "Token",
    "Tokens",
    "TooManyRequests",
    "Transfers",
    "Unreachable",
    "User",
    "Users",
    "Verdict",
    "Version",
    "Webhook",
    "Webhooks",
    "file_sha256",
    "first",
    "safe_filename",
    "silent",
]
