"""Packages that try to buy a score, metric by metric: each plain, with the cheat, and with what the metric asks for."""

import pickle
from collections.abc import Iterable
from dataclasses import dataclass, replace

from registry.domain.card_facts import ProjectFacts
from registry.domain.evidence import (
    CommitFacts,
    FileEntry,
    HubFacts,
    Integration,
    ParentScore,
    ReviewFacts,
    TreeFacts,
)
from registry.domain.ratings import MetricName
from trust.made import Made, Repository, rated
from trust.sections import Section, table


@dataclass(frozen=True, slots=True)
class Cheat:
    """`cheat` wants more than `plain` deserves; `honest` has done the work."""

    metric: MetricName
    what: str
    plain: Made
    cheat: Made
    honest: Made


class _Runs:
    """A pickle that runs a command when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("true",)


README = """# Tiny

Tiny embeds short sentences for search in the browser and on phones, in six languages.

## Installation

```sh
pip install tiny
```

## Usage

```python
import tiny
model = tiny.load()
print(model.embed("a sentence"))
```

## Limitations

Texts of more than 64 words are cut, and poems come out badly.
"""
IN_JAPANESE = """Tiny
====

ブラウザと携帯電話での検索のために短い文章を埋め込む小さなモデルです。六つの言語に対応しています。

インストール
------------

::

    pip install tiny

使い方
------

.. code-block:: python

    import tiny
    print(tiny.load().embed("文章"))

制限
----

六十四語より長い文章は切り捨てられます。詩にはあまり向いていません。
"""
CODE = (
    "import math\n\n\ndef double(number: int) -> int:\n    return 2 * number\n\n\ndef root(number: float) -> float:\n"
    + ("    number = abs(number)\n" * 8 + "    return math.sqrt(number)\n")
)
TESTS = (
    "import tiny\n\n\ndef test_double() -> None:\n    assert tiny.double(2) == 4\n\n\ndef test_root() -> None:\n"
    + ("    found = tiny.root(4)\n    assert found == 2\n")
)
COMMENTS = "def test_double() -> None:\n    # assert tiny.double(2) == 4\n    assert True\n" + "# a comment\n" * 200
FAMOUS = Repository(
    TreeFacts(
        (
            FileEntry("src/famous.py", 9_000),
            FileEntry("tests/test_famous.py", 9_000),
            FileEntry(".github/workflows/ci.yml", 900),
        ),
        truncated=False,
        project=ProjectFacts("famous", ("mypy", "ruff")),
    ),
    "# Famous\n\nA famous project.\n",
    CommitFacts(tuple((f"author-{number}", 50) for number in range(20)), ()),
    ReviewFacts(tuple(Integration(f"c{number}", 100, number, reviewed=True) for number in range(10))),
    "MIT",
)
OWN = replace(FAMOUS, readme="# Tiny\n\nThe code of https://huggingface.co/acme/tiny, a small model.\n")
SQUAD = HubFacts("squad", "dataset", "cc-by-4.0", 300, 900_000, (), (FileEntry("train.parquet", 9_000_000),))
SQUAD_CARD = "# SQuAD\n\n## Summary\n\nA hundred thousand questions on articles of an encyclopedia.\n"
ON_HUB = {"squad": (SQUAD, SQUAD_CARD)}
BENCHMARKS = (
    "# Tiny\n\n## Results\n\nAccuracy: 1.0\n" * 3 + "GLUE, SQuAD, MMLU, ImageNet, COCO\n\nhttps://arxiv.org/abs/1\n"
)
CLAIMS = """# Tiny

## Evaluation

Measured as in https://arxiv.org/abs/1904.06472.

| dataset | accuracy | F1 |
|---|---|---|
| SST-2 | 91.2 | 90.8 |
| CoLA | 71.0 | 69.4 |
"""
WEIGHTS = b"\x10\x00\x00\x00\x00\x00\x00\x00{}              " + bytes(400)
MIT = """MIT License

Copyright (c) 2026 Ann

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def _code(**files: str | bytes) -> Made:
    return Made(
        type="code", files={name.replace("__", "/").replace("_py", ".py"): data for name, data in files.items()}
    )


def _linked(url: str, repository: Repository) -> Made:
    return Made(name="acme/tiny", source_url=url, repositories={"octo/famous": repository})


_ALONE = Made(name="acme/tiny", readme="# Tiny\n")
_FAMOUS = _linked("https://github.com/octo/famous", FAMOUS)
_OWNED = _linked("https://github.com/octo/famous", replace(OWN, readme="# Tiny\n\nPublished as acme/tiny.\n"))
_SHOUTED = "# Tiny\n\n" + "great " * 300 + "\n## Usage\n## Install\nx\n## More\nx\n## Again\nx\n\n```\nx\n```\n"
_DATASETS = "---\ndatasets: [squad]\n---\n# Tiny\n"
_TRAINED = _DATASETS + "\n## Training data\n\nTrained on the questions of SQuAD, without the test set.\n"
_SHOWN = Made(
    readme="# Tiny\n\n```python\nimport tiny\nprint(tiny.load())\n```\n", files={"tiny.py": "def load(): ...\n"}
)
_HEADINGS = "# Pairs\n" + "".join(
    f"## {subject}\nx\n" for subject in ("Summary", "Structure", "Source", "Splits", "Usage", "Bias", "License")
)
_DOCUMENTED = "# Pairs\n" + "".join(
    f"## {subject}\nWhat there is to say of its {subject.lower()}, in some words.\n"
    for subject in ("Summary", "Structure", "Source", "Splits", "Usage", "Bias", "License")
)
_BAD_PARENT = ParentScore("p1", "bert", 0.2)

CHEATS = (
    Cheat(
        MetricName.RAMP_UP_TIME,
        "one word 300 times, empty sections, a block with an x",
        Made(readme="# Tiny\n"),
        Made(readme=_SHOUTED + "Do not pip install anything.\n"),
        Made(readme=README),
    ),
    Cheat(
        MetricName.RAMP_UP_TIME,
        "the same, against a README in Japanese and reStructuredText",
        Made(readme="# Tiny\n"),
        Made(readme=_SHOUTED),
        Made(readme=IN_JAPANESE),
    ),
    Cheat(MetricName.BUS_FACTOR, "a link to a famous repository", _ALONE, _FAMOUS, _OWNED),
    Cheat(MetricName.REVIEWEDNESS, "a link to a famous repository", _ALONE, _FAMOUS, _OWNED),
    Cheat(
        MetricName.PERFORMANCE_CLAIMS,
        "names of benchmarks, a number without a dataset, a link to a paper",
        Made(readme="# Tiny\n"),
        Made(readme=BENCHMARKS),
        Made(readme=CLAIMS),
    ),
    Cheat(
        MetricName.LICENSE,
        "MIT in the record over a text with one condition more",
        Made(files={"a.py": CODE}),
        Made(license="MIT", files={"LICENSE": MIT + "\nThe Software may not be used by competitors.\n", "a.py": CODE}),
        Made(license="MIT", files={"LICENSE": MIT, "a.py": CODE}),
    ),
    Cheat(
        MetricName.DATASET_AND_CODE,
        "a well-known dataset in the metadata alone, a source file of comments",
        Made(readme="# Tiny\n"),
        Made(readme=_DATASETS, on_hub=ON_HUB, files={"train.py": "# training\n" * 50}),
        Made(readme=_TRAINED, on_hub=ON_HUB, files={"train.py": CODE}),
    ),
    Cheat(
        MetricName.DATASET_AND_CODE,
        "a dataset without data",
        Made(type="dataset", readme="# Pairs\n"),
        Made(type="dataset", files={"README.md": "# Pairs\n", "LICENSE": MIT, "dataset_infos.json": "{}"}),
        Made(type="dataset", files={"README.md": "# Pairs\n", "train.csv": "a,b\n1,2\n", "load.py": CODE}),
    ),
    Cheat(
        MetricName.DATASET_QUALITY,
        "a well-known dataset in the metadata alone",
        Made(readme="# Tiny\n"),
        Made(readme=_DATASETS, on_hub=ON_HUB),
        Made(readme=_TRAINED, on_hub=ON_HUB),
    ),
    Cheat(
        MetricName.DATASET_QUALITY,
        "seven headings with a letter beneath each",
        Made(type="dataset", readme="# Pairs\n"),
        Made(type="dataset", readme=_HEADINGS),
        Made(type="dataset", readme=_DOCUMENTED),
    ),
    Cheat(
        MetricName.CODE_QUALITY,
        "tests of comments and `assert True`",
        _code(tiny_py=CODE),
        _code(tiny_py=CODE, tests__test_tiny_py=COMMENTS),
        _code(tiny_py=CODE, tests__test_tiny_py=TESTS),
    ),
    Cheat(MetricName.CODE_QUALITY, "a link to a famous repository", _ALONE, _FAMOUS, _OWNED),
    Cheat(
        MetricName.REPRODUCIBILITY,
        "a block that opens the README, one that uses another library",
        Made(readme="# Tiny\n"),
        Made(
            readme="# Tiny\n\npip install torch\n\n```python\nopen('README.md').read()\n```\n"
            "```python\nimport torch\nprint(torch.zeros(1))\n```\n",
            files={"README.md": "# Tiny\n"},
        ),
        _SHOWN,
    ),
    Cheat(
        MetricName.TREE,
        "parents that are not registered beside a bad one",
        Made(dependencies=(("base_model", "bert"),), parents=(_BAD_PARENT,)),
        Made(
            dependencies=(("base_model", "bert"), ("base_model", "gpt")),
            parents=(_BAD_PARENT, ParentScore("", "gpt", None)),
        ),
        Made(dependencies=(("base_model", "bert"),), parents=(replace(_BAD_PARENT, net_score=0.8),)),
    ),
    Cheat(
        MetricName.SIZE,
        "a model without weights",
        Made(),
        Made(files={"README.md": README, "config.json": "{}"}),
        Made(files={"README.md": README, "model.safetensors": WEIGHTS}),
    ),
    Cheat(
        MetricName.SAFETY,
        "a pickle that runs a command",
        Made(),
        Made(content=pickle.dumps(_Runs()), filename="model.pkl"),
        Made(content=pickle.dumps({"weights": [1.0, 2.0]}), filename="model.pkl"),
    ),
)


def _rows(cheats: Iterable[Cheat]) -> Iterable[tuple[object, ...]]:
    for cheat in cheats:
        scores = [rated(made).rating.metric(cheat.metric) for made in (cheat.plain, cheat.cheat, cheat.honest)]
        yield (f"`{cheat.metric.value}`", cheat.what, *(_shown(result.score, result.status.value) for result in scores))


def _shown(score: float | None, status: str) -> str:
    return status if score is None else f"{score:.2f}"


def _adversarial() -> str:
    return table(("metric", "the cheat", "without it", "with it", "honestly done"), list(_rows(CHEATS)))


SECTIONS = (Section("rating.md", "adversarial", _adversarial),)
