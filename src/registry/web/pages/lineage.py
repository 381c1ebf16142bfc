"""What a package depends on, drawn and as a nested list, and what depends on it."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api
from registry.web.pages.packages import package_page, quarantined_ancestors, read_package
from registry.web.routing import page_route

_DRAWN_NODES = 60
_DEPENDENTS = 50
_QUARANTINED = "quarantined"
_NODE_WIDTH, _NODE_HEIGHT = 190, 44
_COLUMN, _ROW, _MARGIN = 250, 64, 16
_LABEL_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A node with the place of its box's top left corner."""

    node: dict[str, Any]
    label: str
    x: int
    y: int
    this: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    boxes: list[Box]
    edges: list[tuple[str, str]]
    """SVG path and relation of each edge."""

    width: int
    height: int


def routes() -> list[Route]:
    return [page_route("/ui/package/{id}/lineage", show_lineage)]


async def show_lineage(request: Request, api: Api) -> Response:
    package = await read_package(request, api)
    package_id = package["id"]
    graph = await api.read(f"/package/{package_id}/lineage", include="details")
    cursor = request.query_params.get("cursor")
    dependents = await api.get(f"/package/{package_id}/dependents", limit=_DEPENDENTS, cursor=cursor)
    nodes = {node["id"]: node for node in graph["nodes"]}
    return package_page(
        request,
        package,
        "lineage.html",
        "lineage",
        drawing=draw(graph, package_id) if len(graph["nodes"]) <= _DRAWN_NODES else None,
        tree=nested(graph, package_id),
        count=len(nodes),
        complete=graph["complete"],
        quarantined=quarantined_ancestors(graph),
        above=above_quarantined(graph),
        conflicts=[(nodes[each["from"]], nodes[each["to"]], each["reason"]) for each in graph["conflicts"]],
        total_bytes=sum(node["bytes"] or 0 for node in graph["nodes"]),
        unmeasured=sum(node["bytes"] is None for node in graph["nodes"]),
        dependents=dependents,
        later=cursor is not None,
    )


def above_quarantined(graph: dict[str, Any]) -> set[str]:
    """Ids of the packages that depend, directly or not, on a quarantined one."""
    users: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        users.setdefault(edge["to"], []).append(edge["from"])
    found: set[str] = set()
    queue = [node["id"] for node in graph["nodes"] if node["status"] == _QUARANTINED]
    while queue:
        for user in users.get(queue.pop(), []):
            if user not in found:
                found.add(user)
                queue.append(user)
    return found


def draw(graph: dict[str, Any], root: str) -> Drawing:
    """Nodes in columns, each right of all that depend on it; only the edges that close a cycle lead back.

    No edge runs behind a box that it does not belong to: a node stands below those of the columns that are skipped.
    """
    children: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        children.setdefault(edge["from"], []).append(edge["to"])
    order = _users_first(children, root)
    place = {node_id: number for number, node_id in enumerate(order)}
    forward = [(user, used) for user in order for used in children.get(user, []) if place[used] > place[user]]
    columns, farthest = dict.fromkeys(order, 0), dict.fromkeys(order, 1)
    for user, used in forward:
        columns[used] = max(columns[used], columns[user] + 1)
    for user, used in forward:
        farthest[used] = max(farthest[used], columns[used] - columns[user])
    rows: dict[int, int] = {}
    boxes: dict[str, Box] = {}
    nodes = {node["id"]: node for node in graph["nodes"]}
    for node_id in sorted(order, key=columns.__getitem__):
        column = columns[node_id]
        row = max(rows.get(column - skipped, 0) for skipped in range(farthest[node_id]))
        rows[column] = row + 1
        node = nodes[node_id]
        x, y = _MARGIN + column * _COLUMN, _MARGIN + row * _ROW
        boxes[node_id] = Box(node, _shortened(node["name"]), x, y, this=node_id == root)
    edges = [
        (_path(boxes[edge["from"]], boxes[edge["to"]]), edge["relation"])
        for edge in graph["edges"]
        if edge["from"] in boxes and edge["to"] in boxes
    ]
    width = _MARGIN * 2 + max(columns.values()) * _COLUMN + _NODE_WIDTH
    height = _MARGIN * 2 + (max(rows.values()) - 1) * _ROW + _NODE_HEIGHT
    return Drawing(list(boxes.values()), edges, width, height)


def _users_first(children: dict[str, list[str]], root: str) -> list[str]:
    """What `root` reaches, each after all that depend on it. A cycle has one edge that leads back."""
    finished: list[str] = []
    seen = {root}
    stack = [(root, iter(children.get(root, [])))]
    while stack:
        node_id, rest = stack[-1]
        child = next((each for each in rest if each not in seen), None)
        if child is None:
            finished.append(node_id)
            stack.pop()
        else:
            seen.add(child)
            stack.append((child, iter(children.get(child, []))))
    return finished[::-1]


def nested(graph: dict[str, Any], root: str) -> list[dict[str, Any]]:
    """The same as a tree in order of a walk: `{"node", "relation", "depth", "again"}`.

    A node that was listed before stands again without what is below it, so cycles end.
    """
    nodes = {node["id"]: node for node in graph["nodes"]}
    children: dict[str, list[tuple[str, str]]] = {}
    for edge in graph["edges"]:
        children.setdefault(edge["from"], []).append((edge["to"], edge["relation"]))
    listed, seen = [], set()
    stack = [(root, "", 0)]
    while stack:
        node_id, relation, depth = stack.pop()
        again = node_id in seen
        listed.append({"node": nodes[node_id], "relation": relation, "depth": depth, "again": again})
        if not again:
            seen.add(node_id)
            stack.extend((child, how, depth + 1) for child, how in reversed(children.get(node_id, [])))
    return listed


def _shortened(name: str) -> str:
    return name if len(name) <= _LABEL_LENGTH else f"…{name[-_LABEL_LENGTH + 1 :]}"


def _path(source: Box, target: Box) -> str:
    x1, y1 = source.x + _NODE_WIDTH, source.y + _NODE_HEIGHT // 2
    y2 = target.y + _NODE_HEIGHT // 2
    if target.x <= source.x:  # a cycle leads back
        above, over = source.x + _NODE_WIDTH // 2, target.x + _NODE_WIDTH // 2
        return f"M {above} {source.y} Q {x1} {source.y - 30} {over} {target.y}"
    beside = source.x + _COLUMN  # the next column: from there on it runs level
    middle = (x1 + beside) // 2
    level = f" H {target.x}" if target.x > beside else ""
    return f"M {x1} {y1} C {middle} {y1} {middle} {y2} {beside} {y2}{level}"
