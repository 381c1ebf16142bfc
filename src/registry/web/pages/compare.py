"""Two packages next to each other: metadata, README, rating and files."""

import asyncio
import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.web.api_calls import Api, ApiResponse
from registry.web.rendering import page, problem_page, shown_size
from registry.web.routing import page_route

_OK = 200
_COMPARED_LINES = 1_000
"""difflib needs the square of the lines at worst: 0.1 s for this many."""
_SHOWN_CHARACTERS = 500
_CONTEXT_LINES = 3
_FILES_IN_A_PAGE = 200
_FILE_PAGES = 10
_LIST_SECONDS = 5
"""How long the page waits for a list of files that is still being made."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a diff. `kind`: `+` added, `-` removed, ` ` the same, `@` lines were left out before it."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """`kind`: added, removed or changed. Sizes in bytes, None on the side that has no such file."""

    path: str
    kind: str
    before: int | None
    after: int | None


def routes() -> list[Route]:
    return [page_route("/ui/compare", show_comparison)]


async def show_comparison(request: Request, api: Api) -> Response:
    ids = [request.query_params.get(side, "").strip() for side in ("from", "to")]
    if not all(ids):
        problem = ApiResponse.problem(422, "Two packages are needed", "Give their ids as `from` and `to`.")
        return problem_page(request, problem)
    before, after = [await api.read(f"/package/{package_id}") for package_id in ids]
    readmes = before.get("readme") or "", after.get("readme") or ""
    ratings = [await api.get(f"/package/{package_id}/rate") for package_id in ids]
    files = await asyncio.gather(*[_files(api, package_id) for package_id in ids])
    return page(
        request,
        "compare.html",
        section="packages",
        before=before,
        after=after,
        facts=compared_facts(before, after),
        readme=await asyncio.to_thread(line_diff, *readmes),
        metrics=compared_metrics(*[rating.body if rating.status == _OK else None for rating in ratings]),
        files=changed_files(*files),
    )


async def _files(api: Api, package_id: str) -> dict[str, dict[str, Any]] | str:
    """Files by path, or why they are not known."""
    found: dict[str, dict[str, Any]] = {}
    cursor = None
    for _ in range(_FILE_PAGES):
        response = await api.get(
            f"/package/{package_id}/files", limit=_FILES_IN_A_PAGE, cursor=cursor, wait=_LIST_SECONDS
        )
        if response.status != _OK:
            return response.detail or "their list is being made; load the page again."
        found |= {file["path"]: file for file in response.body["items"]}
        cursor = response.body["next_cursor"]
        if cursor is None:
            return found
    return f"there are more than {_FILE_PAGES * _FILES_IN_A_PAGE:,}."


def compared_facts(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name of the fact and its text on both sides, for facts that one of them has."""
    rows = [(name, shown(before), shown(after)) for name, shown in _FACTS.items()]
    return [row for row in rows if row[1] or row[2]]


def _content(member: str) -> Callable[[dict[str, Any]], str]:
    return lambda package: str(package["content"][member]) if package["content"] else ""


def _dependencies(package: dict[str, Any]) -> str:
    return "\n".join(
        " ".join(filter(None, (one["relation"], one["name"], one["version"]))) for one in package["dependencies"]
    )


_FACTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Status": lambda package: package["status"],
    "License": lambda package: package["license"] or "",
    "Description": lambda package: package["description"] or "",
    "Tags": lambda package: ", ".join(package["tags"]),
    "Source": lambda package: package["source_url"] or "",
    "Dependencies": _dependencies,
    "File": _content("filename"),
    "Size": lambda package: shown_size(package["content"]["size"]) if package["content"] else "",
    "SHA-256": _content("sha256"),
    "Published": lambda package: f"{package['created_at'][:16].replace('T', ' ')} UTC by {package['created_by']}",
}


def line_diff(before: str, after: str) -> list[Line] | None:
    """Changed lines with the lines around them; None where the texts differ in too many lines to compare."""
    old, new = before.splitlines(), after.splitlines()
    start = _equal_lines(old, new)
    end = _equal_lines(old[start:][::-1], new[start:][::-1])
    if max(len(old), len(new)) - start - end > _COMPARED_LINES:
        return None
    # Only what differs goes to difflib, with enough equal lines for the context.
    first, kept = max(start - _CONTEXT_LINES, 0), max(end - _CONTEXT_LINES, 0)
    pieces = old[first : len(old) - kept], new[first : len(new) - kept]
    lines = list(difflib.unified_diff(*pieces, n=_CONTEXT_LINES, lineterm=""))[2:]
    return [Line(line[0], "" if line[0] == "@" else line[1:][:_SHOWN_CHARACTERS]) for line in lines]


def _equal_lines(old: list[str], new: list[str]) -> int:
    """How many lines are equal at the beginning."""
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def compared_metrics(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The net score and each metric on both sides, with the difference where both have a score."""
    sides = [_scores(before), _scores(after)]
    rows = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        old, new = sides[0].get(name), sides[1].get(name)
        change = None if old is None or new is None else new - old
        rows.append({"name": name, "before": old, "after": new, "change": change})
    return rows


def _scores(rating: dict[str, Any] | None) -> dict[str, float | None]:
    if rating is None:
        return {}
    return {"net score": rating["net_score"]} | {
        name.replace("_", " "): metric["score"] for name, metric in rating["metrics"].items()
    }


def changed_files(
    before: dict[str, dict[str, Any]] | str, after: dict[str, dict[str, Any]] | str
) -> list[FileChange] | str:
    """Files that one side lacks, or whose digests differ, in order of path; or why that is not known."""
    if isinstance(before, str):
        return before
    if isinstance(after, str):
        return after
    changes = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        kind = "added" if old is None else "removed" if new is None else "changed"
        if old is None or new is None or old["sha256"] != new["sha256"]:
            changes.append(FileChange(path, kind, old["size"] if old else None, new["size"] if new else None))
    return changes
