"""Choosing among an archive's entries, and reading the chosen ones."""

from dataclasses import dataclass

from registry.domain.packages import MAX_README_BYTES
from registry.formats.archives.cards import CardFacts, read_card, read_license_expression
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.members import Member, MemberKind, safe_parts
from registry.formats.licenses.recognising import MAX_LICENSE_BYTES, recognise_license

_MAX_METADATA_BYTES = 64 * 1024
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NOISE = ("__MACOSX", ".DS_Store")
"""What a Mac adds beside the one folder that its user packed."""


@dataclass(frozen=True, slots=True)
class _Role:
    """A file to look for: its names in lower case, the better first, and how many bytes to read."""

    names: tuple[str, ...]
    limit: int


_ROLES = {
    "readme": _Role(("readme.md", "readme.markdown", "readme", "readme.rst", "readme.txt"), MAX_README_BYTES),
    "card": _Role(("model_card.md", "modelcard.md", "model-card.md"), MAX_README_BYTES),
    "license": _Role(
        tuple(
            name + ending
            for name in ("license", "licence", "copying", "unlicense")
            for ending in ("", ".md", ".txt", ".rst")
        ),
        MAX_LICENSE_BYTES,
    ),
    "metadata": _Role(("pkg-info", "metadata"), _MAX_METADATA_BYTES),
}
_PLACES = {name: (role, rank) for role, wanted in _ROLES.items() for rank, name in enumerate(wanted.names)}


@dataclass(frozen=True, slots=True)
class _Found:
    rank: int
    data: bytes


class Gathering:
    """Takes an archive's entries in any order and keeps the wanted files of its root and of its first folder.

    The folder's count only when everything is in it. Memory stays below 2 times the sum of the roles' limits.
    """

    def __init__(self) -> None:
        self._root: dict[str, _Found] = {}
        self._folder: dict[str, _Found] = {}
        self._wheel: dict[str, _Found] = {}
        self._folder_name: str | None = None
        self._folder_is_single = True

    def take(self, member: Member) -> None:
        parts = safe_parts(member.path)
        if not parts or parts[0] in _NOISE or parts[-1] in _NOISE or parts[-1].startswith("._"):
            return
        if len(parts) == 1 and member.kind is not MemberKind.FOLDER:
            self._folder_is_single = False
            self._keep(self._root, member, parts[0])
            return
        if self._folder_name is None:
            self._folder_name = parts[0]
        elif self._folder_name != parts[0]:
            self._folder_is_single = False
        if len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] == "METADATA":
            self._keep(self._wheel, member, parts[1])
        elif len(parts) == 2 and self._folder_is_single:
            self._keep(self._folder, member, parts[1])

    def facts(self) -> ArchiveFacts:
        """What the kept files say."""
        found = self._wheel | (self._folder if self._folder_is_single else self._root)
        texts = {role: text for role, file in found.items() if (text := _decode(file.data)) is not None}
        readme = texts.get("readme", texts.get("card"))
        card = _read_cards(texts)
        return ArchiveFacts(
            readme=None if readme is None else _shorten(readme),
            license=_choose_license(texts, card),
            dependencies=card.dependencies,
        )

    @staticmethod
    def _keep(place: dict[str, _Found], member: Member, name: str) -> None:
        role, rank = _PLACES.get(name.lower(), ("", 0))
        if not role or member.kind is not MemberKind.FILE or (role in place and place[role].rank <= rank):
            return
        data = member.read(_ROLES[role].limit + 1)
        if data is not None:
            place[role] = _Found(rank, data)


def _read_cards(texts: dict[str, str]) -> CardFacts:
    """What the README's front matter states, and where it is silent, the model card's."""
    readme, card = (read_card(texts.get(role, "")) for role in ("readme", "card"))
    return CardFacts(readme.license or card.license, readme.dependencies or card.dependencies)


def _choose_license(texts: dict[str, str], card: CardFacts) -> str | None:
    """What the card states, else the metadata, else the license's text."""
    return (
        card.license
        or read_license_expression(texts.get("metadata", ""))
        or recognise_license(texts.get("license", ""))
    )


def _decode(data: bytes) -> str | None:
    """UTF-8, or UTF-16 with its mark; what is neither shows as replacement characters. None for binary data."""
    if data.startswith(_UTF_16_MARKS):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        return None
    return data.decode("utf-8-sig", "replace")


def _shorten(text: str) -> str:
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= MAX_README_BYTES else encoded[:MAX_README_BYTES].decode("utf-8", "ignore")
