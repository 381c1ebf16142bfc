"""What ties a response in a cache at the edge to the package that it shows."""

import re

TAG_HEADER = "x-amz-meta-cache-tag"
"""The header with the response's tags, by commas. CloudFront takes tags from headers that begin with `x-amz-meta-`."""
MAX_TAG_LENGTH = 256
"""CloudFront's limit, in visible ASCII characters without a comma."""
_PACKAGE_ID = re.compile(
    r"/package/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?=/|$)", re.IGNORECASE
)


def package_tag(package_id: str) -> str:
    """The tag of every response that shows this package by its id."""
    return f"package-{package_id}"


def tag_of_path(path: str) -> str | None:
    """The tag of what a path shows; None where it names no package by its id."""
    found = _PACKAGE_ID.search(path)
    return package_tag(found[1].lower()) if found else None
