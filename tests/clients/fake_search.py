"""How the registry in memory searches: by looking at everything."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from registry.domain.documents import summary_members
from registry.domain.packages import Package
from tests.clients.fake_http import Refusal, page


def by_regex(request: Request, packages: Iterable[Package], asked: Mapping[str, Any]) -> Response:
    try:
        pattern = re.compile(asked["regex"])
    except re.error as error:
        errors = [{"pointer": "/regex", "detail": str(error)}]
        raise Refusal(422, "validation", "/regex: wrong", errors=errors, position=error.pos) from error
    found = [
        package
        for package in packages
        if _fits(package, asked) and any(pattern.search(getattr(package, field) or "") for field in asked["in"])
    ]
    found.sort(key=lambda package: package.id, reverse=True)
    return page(request, [summary_members(package) for package in found])


def by_words(request: Request, packages: Iterable[Package]) -> Response:
    asked = request.query_params
    found = []
    for package in packages:
        text = " ".join((package.name, package.description, package.readme or ""))
        if _fits(package, asked) and all(word in text for word in asked["q"].split()):
            found.append(summary_members(package) | {"match": _match(package, asked["q"].split()[0])})
    return page(request, found)


def _fits(package: Package, asked: Mapping[str, Any]) -> bool:
    return (
        (asked.get("type") or package.type) == package.type
        and (asked.get("status") or package.status) == package.status
        and (asked.get("tag") is None or asked["tag"] in package.tags)
    )


def _match(package: Package, word: str) -> dict[str, Any]:
    text = package.readme or package.description
    highlights = [{"start": mark.start(), "end": mark.end()} for mark in re.finditer(re.escape(word), text)]
    return {"score": 1.5, "similar": False, "snippet": {"text": text, "highlights": highlights}}
