"""Where a package's source and its hub page are, from what it says about itself. Pure."""

import re
from collections.abc import Iterable

from registry.domain.evidence import HubFacts, PackageFacts
from registry.formats.cards import parse_card

_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([A-Za-z0-9-]{1,39})/([A-Za-z0-9._-]{1,100})(?:[/#?].*)?")
_HUB = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?)"
    r"(?:/(?:tree|blob|resolve|raw)/.*)?/?(?:[#?].*)?"
)
_LABELLED = re.compile(
    r"\b(?:repository|source code|code|github)\b\W{0,4}:\W{0,6}(?:[^\n\[\]()]{0,60}\]\()?"
    r"(https?://(?:www\.)?github\.com/[^\s)>\]\"']{1,200})",
    re.IGNORECASE,
)
_DATASET_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")


def github_name(url: str | None) -> str | None:
    """`owner/name` of a GitHub URL, None for any other."""
    match = _GITHUB.fullmatch(url or "")
    if match is None:
        return None
    name = match[2].removesuffix(".git")
    return None if name in ("", ".", "..") else f"{match[1]}/{name}"


def hub_name(url: str | None) -> tuple[str, str] | None:
    """(`model` or `dataset`, id) of a Hugging Face URL, None for any other."""
    match = _HUB.fullmatch(url or "")
    if match is None or match[2].split("/")[0] in ("spaces", "datasets", "docs", "papers", "blog"):
        return None
    return ("dataset" if match[1] else "model"), match[2]


def labelled_repository(card_text: str | None) -> str | None:
    """The GitHub repository that a card calls its own (`Repository: https://github.com/…`), `owner/name`.

    Other links to GitHub do not count: cards link to the datasets and tools of others.
    """
    for line in parse_card(card_text or "").prose:
        for url in _LABELLED.findall(line):
            if name := github_name(url.rstrip(".,;:")):
                return name
    return None


def first_repository(urls: Iterable[str]) -> str | None:
    """The first GitHub repository among `urls`."""
    return next(filter(None, map(github_name, urls)), None)


def named_datasets(package: PackageFacts | None, card_text: str | None, hub: HubFacts | None) -> tuple[str, ...]:
    """The datasets that record, card and hub name, each once."""
    names = [name for relation, name in package.dependencies if "dataset" in relation] if package else []
    names += parse_card(card_text).names("datasets") if card_text else ()
    names += hub.datasets if hub else ()
    return tuple(dict.fromkeys(names))


def is_dataset_id(name: str) -> bool:
    """Whether a name can be that of a dataset on the hub."""
    return _DATASET_ID.fullmatch(name) is not None and ".." not in name
