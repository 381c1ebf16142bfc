"""The log of all audit entries in answers."""

from typing import Annotated

from pydantic import Field

from registry.api.models.packages import Answer, AuditEntryModel

_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LoggedEntryModel(AuditEntryModel):
    position: Annotated[int | None, Field(description="in the log, from 0; null for a moment after it was recorded")]
    id: str
    package_id: str
    previous: Annotated[_Digest | None, Field(description="the digest of the entry before")]
    digest: Annotated[_Digest | None, Field(description="SHA-256, as docs/audit.md says; a leaf of the log's tree")]


class CheckpointModel(Answer):
    size: Annotated[int, Field(description="entries in the log")]
    root: Annotated[_Digest, Field(description="of the tree over their digests (RFC 6962)")]
    note: Annotated[str, Field(description="both, signed: a C2SP signed note")]
    public_key: Annotated[str, Field(description="Ed25519, in base64")]


class EntryProofModel(Answer):
    entry: LoggedEntryModel
    proof: Annotated[list[_Digest], Field(description="the hashes from the entry to the root, nearest first")]
    checkpoint: Annotated[str, Field(description="the signed note that has the root")]
