"""Reading what strangers wrote: cards, demonstration code, links, project files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.card_facts import DemonstrationFacts, ProjectFacts, Subject
from registry.domain.evidence import FactState
from registry.formats.archives.cards import read_card
from registry.formats.blocks import CodeBlock
from registry.formats.card_reading import read_card_text
from registry.formats.cards import Section, links_in, parse_card
from registry.formats.front_matter import MAX_FRONT_MATTER_CHARACTERS, read_yaml, split_front_matter, stated_license
from registry.formats.project_files import (
    distribution,
    install_commands,
    installed_names,
    read_project,
    requirement_names,
    without_top,
)
from registry.formats.python_examples import read_demonstrations
from registry.formats.repository_urls import github_name, hub_name, labelled_repository, named_datasets
from registry.rating.deriving import choose_card
from tests.rating.factories import CARD_PIECES, absent, archive, failed, hub, known, package


def test_a_card_is_taken_apart() -> None:
    text = "\ufeff---\r\nlicense: mit\r\ntags: [a, 3, b]\r\n---\r\n# Title\r\nTwo words https://a.example/x).\r\n~~~Python\r\ncode\r\n~~~\r\n"
    card = parse_card(text)
    assert card.names("license") == ("mit",)
    assert card.names("tags") == ("a", "b")
    assert card.sections == (Section("Title", ("Two words https://a.example/x).",), 3, range(1)),)
    assert card.code == (CodeBlock("python", "code"),)
    assert links_in(card.prose[-1]) == ("https://a.example/x",)


@pytest.mark.parametrize(
    "text",
    [
        "no front matter",
        "---\nunclosed: true\n",
        "---\n- a list\n---\n",
        "---\na: [\n---\n",
        "---\n" + "a: " + "[" * 5_000 + "\n---\n",
        "---\na: " + "x" * MAX_FRONT_MATTER_CHARACTERS + "\n---\n",
        "---\n!!python/object/apply:os.system [ls]\n---\n",
    ],
)
def test_front_matter_that_cannot_be_read_is_none(text: str) -> None:
    assert split_front_matter(text)[0] == {}


def test_values_of_yaml() -> None:
    assert read_yaml("a: [1, -2.5, 1e3, true, null, ~, '1', 2026-99-99, 1.2.3]\nb: {c: {d: x}}\ne: |\n  text\n") == {
        "a": [1, -2.5, 1000.0, True, None, None, "1", "2026-99-99", "1.2.3"],
        "b": {"c": {"d": "x"}},
        "e": "text\n",
    }


def test_values_that_are_not_read_are_null_and_do_not_hide_the_others() -> None:
    text = "a: &x [1]\nb: [*x, 2]\nc: !!set {d: 1}\n? [e, {f: g}]\n: {h: 1}\ni: last\n"
    assert read_yaml(text) == {"a": [1], "b": [None, 2], "c": None, "i": "last"}


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "a: {b: 1, b: 1}",
        "a: " + "[" * 24 + "]" * 24,
        "a: [" + "x, " * 50_000 + "]",
        "a: [",
        "a: 1\n\tb: 2",
    ],
)
def test_what_is_ambiguous_or_without_bound_has_no_value(text: str) -> None:
    assert read_yaml(text) is None


def test_record_and_rating_read_the_same_license_from_a_long_card() -> None:
    results = "".join(f"- {{name: task {n}, value: 0.5}}\n" for n in range(6_000))
    card = f"---\nmodel-index:\n{results}license: mit\n---\n# Text\n"
    assert 128 * 1024 < len(card) < MAX_FRONT_MATTER_CHARACTERS
    assert read_card(card).license == "MIT"
    assert stated_license(parse_card(card).front) == "mit"


def test_sections_that_say_nothing_are_left_out() -> None:
    card = parse_card(
        "# A\n## Empty\n## Commented\n<!-- words -->\n## Template\n**By:** [More Information Needed]\nTODO\n"
        "## Code\n```\nx = 1\n```\n## Blank code\n```\n\n```\n# B\n## Parent\n### Child\nSays it.\n"
    )
    assert [section.heading for section in card.sections] == ["A", "Code", "B", "Parent", "Child"]
    assert card.code == (CodeBlock("", "x = 1"),)
    assert card.sections[-2].lines == ("Says it.",)


@given(st.lists(st.sampled_from(CARD_PIECES) | st.text(max_size=30)).map("".join))
def test_any_text_is_a_card(text: str) -> None:
    reading = read_card_text(text)
    assert reading.words >= 0
    assert all(section.words >= 0 for section in reading.sections)


def test_an_unclosed_block_ends_with_the_card() -> None:
    assert parse_card("```python\nimport a\n").code == (CodeBlock("python", "import a"),)


def test_the_card_is_the_first_that_there_is_or_that_could_not_be_read() -> None:
    content = archive("a", readme="archive's")
    hub_card, readme = known("hub's", "huggingface"), known("repository's")
    assert choose_card(package(readme="record's"), content, hub_card, readme).value == "record's"
    assert choose_card(package(), content, hub_card, readme).value == "archive's"
    assert choose_card(package(), archive("a"), absent("huggingface"), readme).value == "repository's"
    assert choose_card(package(), archive("a"), failed("huggingface"), readme).failed
    assert choose_card(package(), failed("archive"), absent(), absent()).source == "archive"
    assert choose_card(package(), absent(), absent(), absent()).state is FactState.ABSENT


def demonstrations(*blocks: str, language: str = "python") -> tuple[DemonstrationFacts, ...]:
    card = parse_card("\n".join(f"```{language}\n{block}\n```" for block in blocks))
    return read_demonstrations(card, [False] * len(card.code))


def test_a_block_s_needs() -> None:
    (facts,) = demonstrations(
        "import os, torch.nn as nn\nfrom tiny.data import load as read, save\n"
        "with open('data/x.csv') as file, open('out.txt', 'w') as out:\n    rows = [row for row in file]\n"
        "def shape(a, *b, c=1, **d) -> int:\n    return a, b, c, d, missing\n"
        "try:\n    shape(rows)\nexcept ValueError as error:\n    print(error, nn, read, save)\n"
        "match rows:\n    case [first, *rest]:\n        print(first, rest)\n"
        "if (n := len(rows)): print(n, out, os)\n"
    )
    assert facts.standard_imports == 1
    assert facts.imports == ("torch.nn", "tiny.data")
    assert facts.imported == (("tiny.data", "load"), ("tiny.data", "save"))
    assert facts.undefined == ("missing",)
    assert facts.files == ("data/x.csv",)


def test_a_later_block_may_use_what_an_earlier_one_defines() -> None:
    first, second = demonstrations("import tiny\nmodel = tiny.load()", "print(model, other)")
    assert first.undefined == ()
    assert second.undefined == ("other",)
    assert demonstrations("from tiny import *\nprint(anything)")[0].undefined == ()


def test_imports_are_used_in_their_block_or_a_later_one() -> None:
    first, second, third = demonstrations("import os\nimport tiny", "from gone import x", "tiny.load(os)")
    assert (first.used, second.used, third.used) == (True, False, False)
    assert not demonstrations("import os\nprint(os.name)")[0].used
    assert demonstrations("import tiny as it", "it.load()")[0].used
    assert demonstrations("from tiny import *\nload()")[0].used
    assert not demonstrations("from tiny import *")[0].used


def test_prompts_shell_lines_and_indentation_are_not_python() -> None:
    assert demonstrations(">>> import tiny\n>>> tiny.load()\n'a result'", language="pycon")[0].error is None
    assert demonstrations("  !pip install tiny\n  %load_ext x\n  import tiny")[0].imports == ("tiny",)


def test_code_of_other_languages_is_passed_over_and_broken_python_is_told() -> None:
    assert demonstrations("import tiny", language="javascript") == ()
    assert demonstrations("pip install tiny", language="") == ()
    assert demonstrations("import tiny", language="")[0].imports == ("tiny",)
    assert demonstrations("def (:")[0].error == "line 1: invalid syntax"


@pytest.mark.parametrize(
    "text", ["-" * 15_000 + "1", "(" * 15_000, "a" + ".b" * 9_000, "x = '\\d'", "\x00", "lambda: " * 2_400 + "1"]
)
def test_hostile_code_is_survived(text: str) -> None:
    assert len(demonstrations(text)) == 1


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/octo/tiny", "octo/tiny"),
        ("http://www.github.com/octo/tiny.git", "octo/tiny"),
        ("https://github.com/octo/tiny/tree/main?x=1", "octo/tiny"),
        ("https://github.com/octo/..", None),
        ("https://github.com/octo", None),
        ("https://github.com.evil.example/octo/tiny", None),
        ("https://example.org/https://github.com/octo/tiny", None),
        (None, None),
    ],
)
def test_names_of_repositories(url: str | None, name: str | None) -> None:
    assert github_name(url) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://huggingface.co/org/tiny", ("model", "org/tiny")),
        ("https://huggingface.co/gpt2", ("model", "gpt2")),
        ("https://hf.co/org/tiny/tree/main", ("model", "org/tiny")),
        ("https://huggingface.co/datasets/org/pairs", ("dataset", "org/pairs")),
        ("https://huggingface.co/spaces/org/demo", None),
        ("https://huggingface.co/../../api", None),
        ("https://huggingface.co/org/tiny/../../x", None),
        ("https://example.org/org/tiny", None),
    ],
)
def test_names_on_the_hub(url: str, name: tuple[str, str] | None) -> None:
    assert hub_name(url) == name


def test_only_a_link_that_a_card_calls_its_own_is_its_repository() -> None:
    others = "We used https://github.com/them/dataset and their code (https://github.com/them/tool).\n"
    assert labelled_repository(parse_card(others)) is None
    own = parse_card(others + "- **Repository:** [here](https://github.com/octo/tiny).\n")
    assert labelled_repository(own) == "octo/tiny"


def test_the_datasets_that_are_named() -> None:
    record = package(dependencies=(("dataset", "squad"), ("base_model", "bert"))).value
    card = parse_card("---\ndatasets:\n- squad\n- glue\n---\n")
    assert named_datasets(record, card.names("datasets"), hub(datasets=("org/pairs",))) == (
        "squad",
        "glue",
        "org/pairs",
    )


def test_what_projects_declare() -> None:
    assert requirement_names(["Torch>=2 ; python_version>'3'", "# no", "-r a.txt", "", "scikit_learn[all]"]) == (
        "torch",
        "scikit-learn",
    )
    text = (
        'Run `pip3 install -U "torch>=2" Pillow`, do not pip install nothing.\n```sh\n$ pip install -e .\n'
        "pip install git+https://github.com/o/Tiny.git\ndocker run --rm ghcr.io/octo/image:1\n# npm install no\n```\n"
    )
    installs = installed_names(install_commands(parse_card(text)))
    assert set(installs) == {"torch", "pillow", "tiny", ".", "image"}
    assert distribution("sklearn") == distribution("scikit_learn")
    pyproject = '[project]\nname = "tiny"\ndependencies = ["torch"]\n[tool.ruff]\n'
    assert read_project(pyproject) == ProjectFacts("tiny", ("ruff",), ("torch",))
    assert read_project("not = [toml") == ProjectFacts()
    assert read_project(None) is None
    assert without_top(["a/b.py", "a/c/d.py"]) == ["b.py", "c/d.py"]
    assert without_top(["a/b.py", "c.py"]) == ["a/b.py", "c.py"]


RST = """
======
Tidier
======

Tidies tables, and says what it did to each of them.

Installation
~~~~~~~~~~~~

.. code-block:: console

   $ pip install tidier

Anwendung
~~~~~~~~~

Tidy a table like this::

    import tidier
    tidier.tidy("a.csv")

More words here.
"""
TEXT = """
TIDIER
------

Tidies tables, and says what it did to each of them.

Installation
------------

    pip install tidier

Use
---

    import tidier
    tidier.tidy("a.csv")

More words here.
"""
MARKDOWN = """
<h1 align="center">Tidier</h1>

Tidies tables, and says what it did to each of them.

## Installation

```console
$ pip install tidier
```

使い方
------

```python
import tidier
tidier.tidy("a.csv")
```

More words here.
"""


@pytest.mark.parametrize("text", [RST, TEXT, MARKDOWN], ids=["rst", "text", "markdown"])
def test_a_readme_is_read_the_same_in_every_form(text: str) -> None:
    reading = read_card_text(text, ("tidier",))
    assert len(reading.sections) == 3
    assert reading.installs == ("tidier",)
    assert reading.example == 2
    (block,) = reading.demonstrations
    assert (block.imports, block.used, block.names_package) == (("tidier",), True, True)
    assert [section.example for section in reading.sections][-2:] == [False, True]


@pytest.mark.parametrize(
    "heading", ["Usage", "Verwendung", "Utilisation", "使用方法", "用法", "Использование", "사용법"]
)
def test_headings_are_understood_in_many_languages(heading: str) -> None:
    (section,) = read_card_text(f"# {heading}\nSome words.\n").sections
    assert Subject.USAGE in section.subjects


def test_words_are_counted_in_scripts_without_spaces_and_repetitions_are_not() -> None:
    assert parse_card("この小さなモデルは文章を埋め込みます。\n").words == 9
    assert parse_card("great " * 300).words == 3
    assert parse_card("Lorem ipsum dolor sit amet, consectetur.").words == 0


def test_lists_are_no_code_and_rules_are_no_headings() -> None:
    card = parse_card("- a point\n\n    more of it\n\ntext\n\n---\n\na | b\n--|--\n1 | 2\n")
    assert (card.code, card.sections) == ((), ())


def test_only_datasets_that_the_prose_names_are_mentioned() -> None:
    reading = read_card_text("---\ndatasets: [org/book-corpus, squad]\n---\nTrained on BookCorpus.\n")
    assert (reading.datasets, reading.mentioned_datasets) == (("org/book-corpus", "squad"), ("org/book-corpus",))


def test_numbers_of_rows_in_training_data_are_no_claims() -> None:
    table = "| Dataset | Pairs |\n|-|-|\n| SQuAD | 87599 |\n"
    assert read_card_text(f"## Training data\n{table}").claims == ()
    assert len(read_card_text(f"## Evaluation results\n{table}").claims) == 1


def test_an_example_before_any_heading_is_one() -> None:
    reading = read_card_text(
        "Tidies.\n\n```python\nimport tidier\ntidier.tidy()\n```\n# Features\nMany.\n", ("tidier",)
    )
    assert (reading.example, [section.example for section in reading.sections]) == (1, [False])
