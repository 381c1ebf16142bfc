"""Badges for READMEs."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from registry.api.authentication import Searcher
from registry.api.conditional import is_unchanged
from registry.api.documentation import ETAG, problems
from registry.api.state import state_of
from registry.domain.packages import PackageType

_MEDIA_TYPE = "image/svg+xml"
_LABEL = "net score"
_CHARACTER_PIXELS = 6.6
_PADDING_PIXELS = 10
_COLORS = ((0.7, "#2f8132"), (0.4, "#8a6a00"), (0.0, "#b3261e"))
_UNRATED = ("not rated", "#666")


def badge_routes() -> APIRouter:
    router = APIRouter(tags=["ratings"])
    router.add_api_route(
        "/badge/{type}/{name:path}.svg",
        read_badge,
        methods=["GET"],
        response_class=Response,
        responses={
            200: {"headers": ETAG, "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}},
            304: {"description": "unchanged"},
            **problems(401, 403, 404, 422),
        },
    )
    return router


async def read_badge(
    request: Request,
    type: Annotated[PackageType, Path(examples=["model"])],  # noqa: A002 - the path's public name
    name: Annotated[str, Path(min_length=1, max_length=200, examples=["acme/bert"])],
    caller: Searcher,
) -> Response:
    """Read a badge (SVG) with the net score of the latest version: the highest active release."""
    score = await state_of(request.scope).services.badges.net_score(type, name, caller)
    image = _drawn(score)
    tag = f'"{hashlib.sha256(image).hexdigest()[:32]}"'
    if is_unchanged(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(image, headers={"ETag": tag}, media_type=_MEDIA_TYPE)


def _drawn(score: float | None) -> bytes:
    value, color = _UNRATED
    if score is not None:
        value, color = f"{score:.2f}", next(color for least, color in _COLORS if score >= least)
    left, right = _width(_LABEL), _width(value)
    width, title = left + right, f"{_LABEL}: {value}"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)">
<rect width="{left}" height="20" fill="#444"/><rect x="{left}" width="{right}" height="20" fill="{color}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left / 2}" y="14">{_LABEL}</text><text x="{left + right / 2}" y="14">{value}</text>
</g>
</svg>
""".encode()


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER_PIXELS) + _PADDING_PIXELS
