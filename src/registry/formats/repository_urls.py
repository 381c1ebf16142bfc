"""URLs of repositories on GitHub and of models and datasets on the Hugging Face Hub: the one reader of them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from registry.domain.evidence import HubFacts, PackageFacts
from registry.formats.cards import Card

_GITHUB = re.compile(
    r"https?://(?:www\.)?github\.com/(?P<owner>[A-Za-z0-9-]{1,39})/(?P<name>[A-Za-z0-9._-]{1,100})"
    r"(?P<rest>/[^?#]*)?(?:[?#].*)?"
)
_HUB = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<dataset>datasets/)?"
    r"(?P<id>[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?)"
    r"(?P<rest>/(?:tree|blob|resolve|raw)/[^?#]*)?/?(?:[?#].*)?",
    re.ASCII,
)
_NO_OWNERS = frozenset(
    {"api", "blog", "collections", "datasets", "docs", "models", "organizations", "papers", "spaces"}
)
"""What the hub has in place of an owner's name."""
_REVISION = re.compile(r"[\w.+-]+(?:/[\w.+-]+)*", re.ASCII)
_LABELLED = re.compile(
    r"\b(?:repository|source code|code|github)\b\W{0,4}:\W{0,6}(?:[^\n\[\]()]{0,60}\]\()?"
    r"(https?://(?:www\.)?github\.com/[^\s)>\]\"']{1,200})",
    re.IGNORECASE,
)
_DATASET_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")


@dataclass(frozen=True, slots=True)
class RepositoryAddress:
    """A repository on GitHub; `ref` is a branch, tag or commit, None for the default branch."""

    owner: str
    name: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A `model` or `dataset` on the hub; `revision` is a branch, tag or commit."""

    kind: str
    id: str
    revision: str


def read_address(url: str) -> RepositoryAddress | HubAddress | None:
    """What a URL names as a whole, None for any other: a single file, or a page elsewhere."""
    if found := _on_github(url):
        owner, name, rest = found
        if not rest:
            return RepositoryAddress(owner, name, None)
        ref = _revision(rest.removeprefix("tree/")) if rest.startswith("tree/") else None
        return RepositoryAddress(owner, name, ref) if ref else None
    if found := _on_hub(url):
        kind, hub_id, rest = found
        revision = _revision(rest.removeprefix("tree/")) if rest.startswith("tree/") and rest.count("/") == 1 else None
        if not rest or revision:
            return HubAddress(kind, hub_id, revision or "main")
    return None


def github_name(url: str | None) -> str | None:
    """`owner/name` of the repository that a GitHub URL lies in, None for any other URL."""
    found = _on_github(url or "")
    return f"{found[0]}/{found[1]}" if found else None


def hub_name(url: str | None) -> tuple[str, str] | None:
    """(`model` or `dataset`, id) that a Hugging Face URL lies in, None for any other URL."""
    found = _on_hub(url or "")
    return found[:2] if found else None


def _on_github(url: str) -> tuple[str, str, str] | None:
    """Owner, name, and the path within the repository without slashes at its ends."""
    match = _GITHUB.fullmatch(url)
    if match is None:
        return None
    name = match["name"].removesuffix(".git")
    return (match["owner"], name, (match["rest"] or "").strip("/")) if name.strip(".") else None


def _on_hub(url: str) -> tuple[str, str, str] | None:
    """Kind, id, and the path within it without slashes at its ends."""
    match = _HUB.fullmatch(url)
    if match is None or match["id"].partition("/")[0] in _NO_OWNERS:
        return None
    return "dataset" if match["dataset"] else "model", match["id"], (match["rest"] or "").strip("/")


def _revision(text: str) -> str | None:
    """A revision that can be part of a path without leading elsewhere."""
    revision = unquote(text)
    fits = _REVISION.fullmatch(revision) and all(part.strip(".") for part in revision.split("/"))
    return revision if fits else None


def labelled_repository(card: Card) -> str | None:
    """The GitHub repository that a card calls its own (`Repository: https://github.com/…`), `owner/name`.

    Other links to GitHub do not count: cards link to the datasets and tools of others.
    """
    for line in card.prose:
        for url in _LABELLED.findall(line):
            if name := github_name(url.rstrip(".,;:")):
                return name
    return None


def first_repository(urls: Iterable[str]) -> str | None:
    """The first GitHub repository among `urls`."""
    return next(filter(None, map(github_name, urls)), None)


def named_datasets(package: PackageFacts | None, in_card: tuple[str, ...], hub: HubFacts | None) -> tuple[str, ...]:
    """The datasets that record, card and hub name, each once."""
    names = [name for relation, name in package.dependencies if "dataset" in relation] if package else []
    names += in_card
    names += hub.datasets if hub else ()
    return tuple(dict.fromkeys(names))


def is_dataset_id(name: str) -> bool:
    """Whether a name can be that of a dataset on the hub."""
    return _DATASET_ID.fullmatch(name) is not None and ".." not in name
