"""Models and datasets on the Hugging Face Hub, by its HTTP API (https://huggingface.co/docs/hub/api)."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from registry.adapters.outbound.answers import (
    MAX_FILES,
    as_list,
    as_object,
    count,
    files,
    optional_object,
    optional_text,
    text,
    texts,
)
from registry.adapters.outbound.upstream import Upstream, gone
from registry.domain.evidence import HubFacts

_FOLDERS = {"model": "models", "dataset": "datasets"}
_MAX_CARD_CHARACTERS = 256 * 1024


def huggingface_headers(token: str | None) -> dict[str, str]:
    """The headers of every request; a token opens what is gated for its owner."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def huggingface_says_absent(token: str | None) -> Callable[[int, Mapping[str, str]], bool]:
    """Whether an answer says that there is no such thing: for who is not signed in, the hub has 401 for that, too.

    With a token the same 401 says that the token is wrong.
    """

    def says_absent(status: int, headers: Mapping[str, str]) -> bool:
        code = headers.get("X-Error-Code", "")
        unnamed = status == 401 and headers.get("X-Error-Message") == "Invalid username or password."
        absent = code in ("RepoNotFound", "EntryNotFound", "RevisionNotFound")
        return (unnamed and not token) or absent or gone(status, headers)

    return says_absent


class HuggingFaceHub:
    """Implements ModelHub. A rating costs two requests, and two for each dataset that it looks at."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def info(self, kind: str, hub_id: str) -> HubFacts:
        path = f"/api/{_FOLDERS[kind]}/{quote(hub_id)}"
        members = as_object(await self._upstream.get_json(path, blobs="true"), kind)
        card = optional_object(members, "cardData")
        tags = texts(as_list(members.get("tags", []), "tags"))
        siblings = as_list(members.get("siblings"), "siblings")
        return HubFacts(
            id=text(members, "id"),
            kind=kind,
            license=_license(card, tags),
            likes=count(members, "likes"),
            downloads=count(members, "downloads"),
            tags=tuple(tag for tag in tags if ":" not in tag),
            files=files(siblings, path="rfilename"),
            datasets=texts(card.get("datasets")) or _tagged(tags, "dataset:"),
            library=optional_text(members.get("library_name")),
            parameters=_parameters(optional_object(members, "safetensors")),
            truncated=len(siblings) > MAX_FILES,
        )

    async def card(self, kind: str, hub_id: str) -> str:
        folder = "/datasets" if kind == "dataset" else ""
        content = await self._upstream.get_text(f"{folder}/{quote(hub_id)}/raw/main/README.md")
        return content[:_MAX_CARD_CHARACTERS]


def _license(card: dict[str, Any], tags: tuple[str, ...]) -> str | None:
    """The one license that is stated; of several, nobody says whether all hold or any may be chosen."""
    stated = texts(card.get("license")) or _tagged(tags, "license:")
    if stated == ("other",):
        stated = texts(card.get("license_name")) or stated
    return stated[0] if len(stated) == 1 else None


def _tagged(tags: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    return tuple(tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix))


def _parameters(safetensors: dict[str, Any]) -> int | None:
    return count(safetensors, "total") if safetensors.get("total") is not None else None
