"""Where the boxes of a lineage stand, and how its edges run."""

from itertools import pairwise
from typing import Any

import pytest

from registry.web.pages.lineage import Box, draw

GRAPHS = {
    "alone": [],
    "chain": ["ab", "bc", "cd"],
    "one is used directly and by another": ["ab", "ac", "ad", "bc"],
    "skips two columns": ["ab", "bc", "cd", "ad", "ae"],
    "cycle": ["ab", "bc", "ca", "cd"],
    "cycle beside": ["ab", "ac", "bc", "cb"],
    "uses itself": ["aa", "ab"],
    "deep": [f"{one}{two}" for one, two in pairwise("abcdefghijklmnopqrstuvwxyz")],
}


def graph(edges: list[str]) -> dict[str, Any]:
    nodes = sorted({"a", *"".join(edges)})
    return {
        "nodes": [{"id": each, "name": each} for each in nodes],
        "edges": [{"from": edge[0], "to": edge[1], "relation": "code"} for edge in edges],
    }


@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
def test_boxes_stand_apart_and_edges_lead_right_but_where_they_close_a_cycle(edges: list[str]) -> None:
    drawing = draw(graph(edges), "a")
    boxes: dict[str, Box] = {box.node["id"]: box for box in drawing.boxes}
    assert set(boxes) == {"a", *"".join(edges)}
    assert len({(box.x, box.y) for box in drawing.boxes}) == len(boxes)
    assert all(box.x < drawing.width and box.y < drawing.height for box in drawing.boxes)
    back = [edge for edge in edges if boxes[edge[1]].x <= boxes[edge[0]].x]
    assert len(back) <= 1
    assert bool(back) == (not _is_acyclic(edges))


def test_an_edge_that_skips_a_column_runs_below_its_boxes() -> None:
    drawing = draw(graph(GRAPHS["skips two columns"]), "a")
    boxes = {box.node["id"]: box for box in drawing.boxes}
    skipped = [box for box in drawing.boxes if boxes["a"].x < box.x < boxes["d"].x]
    assert {box.node["id"] for box in skipped} == {"b", "c", "e"}
    assert boxes["d"].y > max(box.y for box in skipped)


def _is_acyclic(edges: list[str]) -> bool:
    left = set(edges)
    while leaves := {edge for edge in left if not any(other[0] == edge[1] for other in left)}:
        left -= leaves
    return not left
