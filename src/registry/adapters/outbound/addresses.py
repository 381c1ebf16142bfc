"""Which pages of GitHub and the Hugging Face Hub name something that can be fetched as a whole. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_GITHUB = re.compile(
    r"https?://(?:www\.)?github\.com/(?P<owner>[A-Za-z0-9-]{1,39})/(?P<name>[A-Za-z0-9._-]{1,100}?)(?:\.git)?"
    r"(?:/tree/(?P<ref>[^?#]{1,255}?))?/?(?:[?#].*)?"
)
_HUB = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<dataset>datasets/)?"
    r"(?P<id>[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?)"
    r"(?:/tree/(?P<revision>[^/?#]{1,255}))?/?(?:[?#].*)?",
    re.ASCII,
)
_NO_OWNERS = frozenset(
    {"api", "blog", "collections", "datasets", "docs", "models", "organizations", "papers", "spaces"}
)
_REVISION = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class RepositoryAddress:
    """A repository on GitHub; `ref` is a branch, tag or commit, None for the default branch."""

    owner: str
    name: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A `model` or `dataset` on the Hub; `revision` is a branch, tag or commit."""

    kind: str
    id: str
    revision: str


def read_address(url: str) -> RepositoryAddress | HubAddress | None:
    """What a URL names as a whole, None for any other: a single file, or a page elsewhere."""
    if match := _GITHUB.fullmatch(url):
        ref = _revision(match["ref"])
        if match["name"].strip(".") and (ref is None) == (match["ref"] is None):
            return RepositoryAddress(match["owner"], match["name"], ref)
        return None
    match = _HUB.fullmatch(url)
    if match is None or match["id"].partition("/")[0] in _NO_OWNERS:
        return None
    revision = _revision(match["revision"] or "main")
    if revision is None:
        return None
    return HubAddress("dataset" if match["dataset"] else "model", match["id"], revision)


def _revision(text: str | None) -> str | None:
    """A revision that can be part of a path without leading elsewhere."""
    revision = unquote(text or "")
    fits = _REVISION.fullmatch(revision) and not any(part.strip(".") == "" for part in revision.split("/"))
    return revision if fits else None
