"""Synthetic packages: names as people give them, READMEs of about 4 KB with words as frequent as in prose."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import Version

_OWNERS = ["google", "facebook", "openai", "mistralai", "microsoft", "nvidia", "alice", "bob", "acme", "lab42"]
_FAMILIES = ["bert", "gpt", "T5", "llama", "resnet", "vit", "whisper", "clip", "albert", "bloom", "falcon", "yolo"]
_SIZES = ["tiny", "mini", "small", "base", "medium", "large", "xl", "xxl", "7b", "13b", "70b", "350m"]
_TAGS = ["uncased", "multilingual", "finetuned", "distilled", "quantized", "instruct", "v2", "v3", "de", "squad"]
_SYLLABLES = ["ba", "ce", "di", "fo", "gu", "ha", "ji", "ke", "lo", "mu", "qui", "ro", "tra", "ple", "ent", "ion"]
RARE_WORD = "zyzzyva"
"""In one README of 10,000."""
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def name(number: int) -> str:
    chance = random.Random(number)
    parts = [chance.choice(_FAMILIES), chance.choice(_SIZES), *chance.sample(_TAGS, chance.randrange(3))]
    return f"{chance.choice(_OWNERS)}-{number % 9973}/{'-'.join(parts)}"


def package_id(number: int) -> str:
    """A UUIDv7 made at millisecond `number`."""
    at = 1_767_225_600_000 + number
    return f"{at >> 16:08x}-{at & 0xFFFF:04x}-7000-8000-{number:012x}"


def vocabulary(size: int = 20_000) -> list[str]:
    chance = random.Random(7)
    return ["".join(chance.choices(_SYLLABLES, k=chance.randrange(1, 5))) for _ in range(size)]


def readmes(count: int, *, characters: int = 4_000) -> Iterator[str]:
    """`count` texts, the same in each run. They share sentences, as templates do; words follow Zipf's law."""
    chance, words = random.Random(11), vocabulary()
    weights = [1 / (rank + 1) for rank in range(len(words))]
    sentences = [" ".join(chance.choices(words, weights, k=12)).capitalize() + ".\n" for _ in range(20_000)]
    for number in range(count):
        text = f"# {name(number)}\n" + "".join(chance.choices(sentences, k=characters // 75))
        yield text + (f"The {RARE_WORD} {number}.\n" if number % 10_000 == 77 else "")


def packages(count: int, *, with_readmes: bool) -> Iterator[Package]:
    texts: Iterator[str | None] = readmes(count) if with_readmes else iter([None] * count)
    kinds = tuple(PackageType)
    for number, readme in enumerate(texts):
        yield Package(
            id=package_id(number),
            name=name(number),
            version=Version(1, 0, 0),
            type=kinds[number % 3],
            status=PackageStatus.ACTIVE,
            created_by=_OWNERS[number % len(_OWNERS)],
            created_at=_NOW,
            updated_at=_NOW,
            description="A synthetic package.",
            tags=("nlp",) if number % 5 else (),
            readme=readme,
        )
