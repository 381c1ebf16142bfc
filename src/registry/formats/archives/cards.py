"""What a package's record takes from a model card's front matter."""

from dataclasses import dataclass

from registry.domain.packages import NAME_PATTERN, Dependency
from registry.formats.front_matter import names, split_front_matter, stated_license
from registry.formats.license_names import recorded_license

_RELATIONS = {"base_model": "base_model", "datasets": "dataset"}
_MAX_NAMES = 50


@dataclass(frozen=True, slots=True)
class CardFacts:
    license: str | None = None
    dependencies: tuple[Dependency, ...] = ()


def read_card(text: str) -> CardFacts:
    """What the front matter of `text` states; nothing where there is none or it cannot be read."""
    front, _ = split_front_matter(text)
    dependencies = {
        Dependency(relation, name): None
        for key, relation in _RELATIONS.items()
        for name in names(front, key)[:_MAX_NAMES]
        if NAME_PATTERN.fullmatch(name)
    }
    stated = stated_license(front)
    return CardFacts(None if stated is None else recorded_license(stated), tuple(dependencies))
