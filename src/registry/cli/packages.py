"""`registry list`, `show`, `delete`, `lineage` and `cost`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.completion import complete_packages
from registry.cli.prompts import confirm
from registry.cli.session import Session, command
from registry.cli.text import one_line, score_text, size_text
from registry.domain.packages import PackageStatus, PackageType

if TYPE_CHECKING:
    from registry.client import Lineage

Reference = Annotated[
    str,
    typer.Argument(
        metavar="PACKAGE",
        help="An id, a name (its latest version), or name@version or name@range.",
        autocompletion=complete_packages,
    ),
]
Type = Annotated[PackageType | None, typer.Option(help="Where one name stands for several types.")]


class Sort(StrEnum):
    """The orders of `registry list`. DOWNLOADS: the 1,000 most downloaded of 30 days."""

    CREATED = "created"
    NAME = "name"
    SCORE = "score"
    DOWNLOADS = "downloads"


def register(app: typer.Typer) -> None:
    command(app, "list")(list_packages)
    command(app, "show")(show)
    command(app, "delete")(delete)
    command(app, "lineage")(lineage)
    command(app, "cost")(cost)


async def list_packages(
    session: Session,
    *,
    type: Annotated[PackageType | None, typer.Option(help="Only this type.")] = None,  # noqa: A002
    status: Annotated[PackageStatus | None, typer.Option(help="Only this status; active when left out.")] = None,
    name: Annotated[str | None, typer.Option(help="Only this very name.")] = None,
    version: Annotated[str | None, typer.Option(help="1.2.3, 1.2.3-2.1.0 (from, to), ~1.2.0 or ^1.2.0.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what this user published.")] = None,
    min_net_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Only what is rated, and at least this at the lower end of its range."),
    ] = None,
    sort: Annotated[Sort | None, typer.Option(help="Newest first when left out; `created`: oldest first.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many; all when left out.")] = None,
) -> None:
    """List packages, newest first.

    Examples:

      registry list --type model --tag nlp --limit 20
      registry list --name acme/tiny --version '^1.0.0'
      registry list --min-net-score 0.7 --sort score
      registry list --status deprecated | jq -r .id
    """
    from registry.client import first

    async with session.client() as client:
        found = client.packages(
            type=type,
            status=status,
            name=name,
            version=version,
            tag=tag,
            owner=owner,
            min_net_score=min_net_score,
            order=sort,
            ratings=True,
            page_size=min(limit or 200, 200),
        )
        await session.output.listing(
            first(found, limit),
            columns=("NAME", "VERSION", "TYPE", "SIZE", "LICENSE", "SCORE", "CREATED"),
            row=lambda package: (
                package.name,
                package.version,
                package.type,
                size_text(package.content.size) if package.content else "",
                package.license or "",
                score_text(package.rating.net_score, package.rating.net_score_range) if package.rating else "",
                f"{package.created_at:%Y-%m-%d}",
            ),
        )


async def show(session: Session, *, package: Reference, type: Type = None) -> None:  # noqa: A002
    """Show all that is known of a package, and its README below.

    On a terminal that is too small for it, in $PAGER (less).

    Examples:

      registry show acme/tiny
      registry show acme/tiny@1.0.0 --json | jq .content.sha256
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
    if session.output.as_json:
        session.output.document(found.document)
        return
    content = found.content
    members = {
        "name": found.name,
        "version": found.version,
        "type": found.type,
        "status": " – ".join(part for part in (found.status, found.status_reason) if part),
        "description": found.description,
        "license": found.license,
        "tags": ", ".join(found.tags),
        "source": found.source_url,
        "depends on": ", ".join(
            f"{dependency.name}{'@' + dependency.version if dependency.version else ''} ({dependency.relation})"
            for dependency in found.dependencies
        ),
        "file": f"{content.filename}, {size_text(content.size)}" if content else "",
        "sha256": content.sha256 if content else "",
        "published": f"{found.created_at:%Y-%m-%d %H:%M} UTC by {found.created_by}",
        "revision": found.revision,
        "id": found.id,
    }
    with session.output.paged():
        session.output.members(members)
        if found.readme:
            session.output.text(f"\n{found.readme}")


async def delete(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete one version of a package, for good.

    On a terminal you are asked first. Nothing is deleted (exit code 5) when
    the package changed since it was shown to you.

    Examples:

      registry delete acme/tiny@1.0.0
      registry delete 0193a5c0-7b1e-7c4e-9f00-3d2b1c0a9e8f -y
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        confirm(f"Delete {found.name} {found.version} ({found.type}, {found.id})?", yes=yes)
        await client.delete(found.id, etag=found.etag)
    session.output.say(f"Deleted {found.name} {found.version}.")


async def lineage(session: Session, *, package: Reference, type: Type = None) -> None:  # noqa: A002
    """Show all that a package depends on, as a tree.

    Example:

      registry lineage acme/ft
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        graph = await client.lineage(found.id)
    if session.output.as_json:
        session.output.document(graph.document)
        return
    draw_lineage(graph)


def draw_lineage(graph: "Lineage") -> None:
    """The graph as a tree, from the package down. What was drawn already is named again, not drawn again (…)."""
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    nodes = {node.id: node for node in graph.nodes}
    below: dict[str, list[tuple[str, str]]] = {}
    for edge in graph.edges:
        below.setdefault(edge.source, []).append((edge.relation, edge.target))

    def label(node_id: str, relation: str = "") -> Text:
        node = nodes[node_id]
        text = Text().append(f"{one_line(relation)}: " if relation else "", style="dim")
        text.append(one_line(f"{node.name} {node.version or ''}"), style="bold" if node.registered else "default")
        return text.append("" if node.registered else "  not registered", style="dim")

    root = graph.nodes[0].id
    tree, drawn = Tree(label(root)), {root}
    branches = [(tree, root)]  # a list, not recursion: a chain may be thousands long
    while branches:
        branch, node_id = branches.pop(0)
        for relation, target in below.get(node_id, ()):
            text = label(target, relation)
            if target in drawn and below.get(target):
                text.append(" …", style="dim")
            twig = branch.add(text)
            if target not in drawn:
                drawn.add(target)
                branches.append((twig, target))
    Console().print(tree)


async def cost(
    session: Session,
    *,
    package: Reference,
    type: Type = None,  # noqa: A002
    dependencies: Annotated[bool, typer.Option("--dependencies", help="Count what it depends on too.")] = False,
) -> None:
    """Show how many bytes there are to fetch.

    Example:

      registry cost acme/ft --dependencies
    """
    async with session.client() as client:
        found = await client.resolve(package, type=type)
        sizes = await client.cost(found.id, dependency=dependencies)
    if session.output.as_json:
        session.output.document(sizes.document)
        return
    session.output.table(
        ("PACKAGE", "SIZE"), [(f"{item.name} {item.version}", size_text(item.bytes)) for item in sizes.items]
    )
    session.output.members({"alone": size_text(sizes.standalone_bytes), "in all": size_text(sizes.total_bytes)})
