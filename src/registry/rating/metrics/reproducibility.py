"""Does the demonstration code in the card stand on its own?

Formula, for each block of Python in the card: 0 when it does not parse, else 0.5 + 0.5 × found / needed. Needed is

- every module that it imports: found when it is of the standard library, in the archive or the repository, or declared:
  by an install command in the card, the card's or hub's library and tags, or the requirements of archive or repository
- every name that it imports from a module inside the archive: found when that module defines it
- every local file that it opens: found when the archive, the hub or the repository holds one of that name
- every name that nothing defines: never found

The score is the best block's that shows something: that opens a file, or imports from outside the standard library and
(there or in a later block) uses it. Nothing is ever run. 0 without such a block; unknown while a source is failing that
could tell of more.

Source: the ML Code Completeness Checklist and J. Pineau et al., "Improving Reproducibility in Machine Learning
Research", JMLR 22 (2021); that undefined names and missing modules are what breaks published code: J. F. Pimentel et
al., "A Large-Scale Study About Quality and Reproducibility of Jupyter Notebooks", MSR 2019.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from registry.domain.evidence import DemonstrationFacts, Evidence, Fact
from registry.domain.ratings import MetricResult
from registry.formats.cards import card_fact, parse_card
from registry.formats.project_files import distribution, installed_names, pyproject_requirements
from registry.rating.results import failures, lost, measured


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What a block may count on: distributions, modules with the names they define, and files by name."""

    distributions: frozenset[str]
    modules: dict[str, frozenset[str]]
    files: frozenset[str]


def measure(evidence: Evidence) -> MetricResult:
    card, blocks = card_fact(evidence), evidence.demonstrations
    if card.value is None:
        return lost(card) if card.failed else measured(0.0, card.reason, card, source=card.source)
    candidates = [block for block in blocks.value or () if block.error or block.used or block.files]
    if not candidates:
        return measured(0.0, "no Python in the card shows how to use it", card, blocks)
    around = _surroundings(evidence, card.value)
    scored = [(*_score(block, around), block.position) for block in candidates]
    score, missing, position = max(scored, key=lambda it: it[0])
    told = f"block {position} of the card, best of {len(scored)}: " + (
        f"missing {', '.join(missing)}" if missing else "parses, and all that it needs is there"
    )
    asked: tuple[Fact[object], ...] = (evidence.archive, evidence.tree, evidence.hub)
    if score < 1 and any(fact.failed for fact in asked):
        # What is missing here may be there.
        return measured(score, told, card, low=score, high=1.0, lost_to=failures(*asked))
    return measured(score, told, card)


def _score(block: DemonstrationFacts, around: _Surroundings) -> tuple[float, list[str]]:
    if block.error is not None:
        return 0.0, [f"valid syntax ({block.error})"]
    missing = [f"module {module}" for module in block.imports if not _has_module(module, around)]
    inside = [(module, name) for module, name in block.imported if module in around.modules and name != "*"]
    missing += [f"{module}.{name}" for module, name in inside if not _defines(module, name, around)]
    missing += [f"file {name}" for name in block.files if name.rsplit("/", 1)[-1] not in around.files]
    missing += [f"a definition of {name}" for name in block.undefined]
    needed = block.standard_imports + len(block.imports) + len(inside) + len(block.files) + len(block.undefined)
    return 0.5 + 0.5 * (needed - len(missing)) / needed, missing


def _has_module(module: str, around: _Surroundings) -> bool:
    top = module.split(".", 1)[0]
    # `google.cloud.storage` comes from google-cloud-storage: the distribution may be named after more than the top.
    dotted = distribution(module)
    known = any(name == top or name.startswith(top + ".") for name in around.modules)
    return known or distribution(top) in around.distributions or dotted in around.distributions


def _defines(module: str, name: str, around: _Surroundings) -> bool:
    return name in around.modules[module] or f"{module}.{name}" in around.modules


def _surroundings(evidence: Evidence, card_text: str) -> _Surroundings:
    card, package = parse_card(card_text), evidence.package.value
    archive, tree, hub = evidence.archive.value, evidence.tree.value, evidence.hub.value
    declared: list[str] = [*installed_names(card_text), *card.names("library_name"), *card.names("tags")]
    modules: dict[str, frozenset[str]] = {}
    files: list[str] = []
    if package:
        declared += [*package.tags, package.name.rsplit("/", 1)[-1] if package.type == "code" else ""]
    if archive:
        declared += [*archive.requirements, *pyproject_requirements(archive.pyproject)]
        modules = {
            module.name: frozenset(module.names) for module in (archive.python.modules if archive.python else ())
        }
        files += [file.path for file in archive.files]
    if tree:
        declared += pyproject_requirements(tree.pyproject)
        paths = [file.path for file in tree.files]
        files += paths
        declared += _top_modules(paths)
    if hub:
        declared += [hub.library or "", *hub.tags]
        files += [file.path for file in hub.files]
    distributions = frozenset(distribution(name) for name in declared if name)
    return _Surroundings(distributions, modules, frozenset(path.rsplit("/", 1)[-1] for path in files))


def _top_modules(paths: Iterable[str]) -> set[str]:
    """The modules that can be imported from a repository's root or its `src` folder."""
    inner = [path.removeprefix("src/") for path in paths if path.endswith(".py")]
    return {path.split("/", 1)[0].removesuffix(".py") for path in inner}
