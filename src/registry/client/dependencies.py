"""What a package depends on, and how many bytes that is."""

from dataclasses import dataclass, field
from typing import Self

from registry.client.models import Document


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A package of a lineage graph; one that is not in the registry has an id made for this answer."""

    id: str
    name: str
    version: str | None
    type: str | None
    registered: bool


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """`source` depends on `target`; both are node ids. (The API's members are `from` and `to`.)"""

    source: str
    target: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """All that a package depends on, transitively. Cycles are possible."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            tuple(
                LineageNode(node["id"], node["name"], node["version"], node["type"], node["registered"])
                for node in members["nodes"]
            ),
            tuple(LineageEdge(edge["from"], edge["to"], edge["relation"]) for edge in members["edges"]),
            members,
        )


@dataclass(frozen=True, slots=True)
class CostItem:
    """What one package of a cost adds to it, in bytes."""

    id: str
    name: str
    version: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Cost:
    """How much there is to fetch: for the package alone, and with its dependencies, each counted once."""

    package_id: str
    standalone_bytes: int
    total_bytes: int
    items: tuple[CostItem, ...]
    document: Document = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, members: Document) -> Self:
        return cls(
            members["package_id"],
            members["standalone_bytes"],
            members["total_bytes"],
            tuple(CostItem(item["id"], item["name"], item["version"], item["bytes"]) for item in members["items"]),
            members,
        )
