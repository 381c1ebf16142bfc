"""A package's metadata as JSON, to be kept while its upload is open."""

import json
from dataclasses import asdict

from registry.domain.packages import Dependency, PackageStatus, PackageType
from registry.domain.versions import Version
from registry.services.packages.intake import Metadata


def encode_metadata(metadata: Metadata) -> bytes:
    """UTF-8 text that `decode_metadata` reads."""
    members = asdict(metadata) | {"version": str(metadata.version)}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def decode_metadata(text: bytes) -> Metadata:
    """The inverse of `encode_metadata`."""
    members = json.loads(text)
    dependencies, status = members["dependencies"], members["status"]
    return Metadata(
        **members
        | {
            "version": Version.parse(members["version"]),
            "type": PackageType(members["type"]),
            "tags": tuple(members["tags"]),
            "dependencies": None if dependencies is None else tuple(Dependency(**item) for item in dependencies),
            "status": None if status is None else PackageStatus(status),
        }
    )
