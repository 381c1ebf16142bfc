"""Choosing among an archive's entries, and reading the chosen ones."""

from dataclasses import dataclass

from registry.domain.packages import MAX_README_BYTES
from registry.formats.archives.cards import CardFacts, read_card
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.members import Member, MemberKind, safe_parts
from registry.formats.license_evidence import strictest_known
from registry.formats.licenses.files import MAX_METADATA_BYTES, NOISE, LicenseFiles
from registry.formats.licenses.metadata import read_description

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class _Role:
    """A file to look for: its names in lower case, the better first, and how many bytes to read."""

    names: tuple[str, ...]
    limit: int


_ROLES = {
    "readme": _Role(("readme.md", "readme.markdown", "readme", "readme.rst", "readme.txt"), MAX_README_BYTES),
    "card": _Role(("model_card.md", "modelcard.md", "model-card.md"), MAX_README_BYTES),
    "metadata": _Role(("pkg-info", "metadata"), MAX_METADATA_BYTES),
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
        self._licenses = LicenseFiles()

    def take(self, member: Member) -> None:
        parts = safe_parts(member.path)
        if not parts or parts[0] in NOISE or parts[-1] in NOISE or parts[-1].startswith("._"):
            return
        place = self._place(parts, is_folder=member.kind is MemberKind.FOLDER)
        if member.kind is MemberKind.FOLDER:
            return
        path = "/".join(parts)
        role, rank = _PLACES.get(parts[-1].lower(), ("", 0))
        is_better = bool(role) and place is not None and (role not in place or place[role].rank > rank)
        for_license = self._licenses.wanted(path)
        if not is_better and not for_license:
            return
        limit = max(for_license, _ROLES[role].limit + 1 if is_better else 0)
        data = member.read(limit) if member.kind is MemberKind.FILE else None
        if for_license:
            self._licenses.take(path, None if data is None else data[:for_license])
        if is_better and data is not None and place is not None:
            place[role] = _Found(rank, data[: _ROLES[role].limit + 1])

    def facts(self) -> ArchiveFacts:
        """What the kept files say."""
        found = self._wheel | (self._folder if self._folder_is_single else self._root)
        texts = {role: text for role, file in found.items() if (text := _decode(file.data)) is not None}
        readme = texts.get("readme", texts.get("card", read_description(texts.get("metadata", ""))))
        return ArchiveFacts(
            readme=None if readme is None else _shorten(readme),
            license=strictest_known(self._licenses.statements()),
            dependencies=_read_cards(texts).dependencies,
        )

    def _place(self, parts: tuple[str, ...], *, is_folder: bool) -> dict[str, _Found] | None:
        """Where a file counts; None for what stands too deep."""
        if len(parts) == 1 and not is_folder:
            self._folder_is_single = False
            return self._root
        if self._folder_name is None:
            self._folder_name = parts[0]
        elif self._folder_name != parts[0]:
            self._folder_is_single = False
        if len(parts) == 2 and parts[0].endswith(".dist-info"):
            return self._wheel if parts[1] == "METADATA" else None
        return self._folder if len(parts) == 2 and self._folder_is_single else None


def _read_cards(texts: dict[str, str]) -> CardFacts:
    """What the README's front matter states, and where it is silent, the model card's."""
    readme, card = (read_card(texts.get(role, "")) for role in ("readme", "card"))
    return CardFacts(readme.license or card.license, readme.dependencies or card.dependencies)


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
