"""Does the demonstration code in the card stand on its own?

Formula, for each block of Python in the card: 0 when it does not parse, else 0.5 + 0.5 × found / needed. Needed is

- every module that it imports: found when it is of the standard library, in the archive or the repository, or declared:
  by an install command in the card, the card's or hub's library and tags, or the requirements of archive or repository
- every name that it imports from a module inside the archive: found when that module defines it
- every local file that it opens: found when the archive, the hub or the repository holds one of that name
- every name that nothing defines: never found

The score is the best block's that shows the package: that uses (there or in a later block) what it imports from outside
the standard library, and either names the package or imports a module of it; or that opens one of its files, other than
documentation. Nothing is ever run. 0 without such a block; unknown while a source is failing that could know of more.
A dataset shows itself by its data, and has nothing to measure.

Source: the ML Code Completeness Checklist and J. Pineau et al., "Improving Reproducibility in Machine Learning
Research", JMLR 22 (2021); that undefined names and missing modules are what breaks published code: J. F. Pimentel et
al., "A Large-Scale Study About Quality and Reproducibility of Jupyter Notebooks", MSR 2019.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from registry.domain.card_facts import CardReading, DemonstrationFacts, ProjectFacts
from registry.domain.evidence import Evidence, Fact
from registry.domain.ratings import MetricResult
from registry.formats.archives.roles import Role, role_of
from registry.formats.project_files import distribution
from registry.rating.results import failures, inapplicable, lost, measured


@dataclass(frozen=True, slots=True)
class _Context:
    """What a block may count on: distributions, modules with the names they define, and files by name.

    `own` are the package's own modules, at the top, and its distribution.
    """

    distributions: frozenset[str]
    modules: dict[str, frozenset[str]]
    files: frozenset[str]
    own: frozenset[str]


def measure(evidence: Evidence) -> MetricResult:
    card, package = evidence.card, evidence.package.value
    if package and package.type == "dataset":
        return inapplicable("a dataset is not code to run", evidence.package)
    if card.value is None:
        return lost(card) if card.failed else measured(0.0, card.reason, card, source=card.source)
    asked: tuple[Fact[object], ...] = (evidence.archive, evidence.tree, evidence.hub)
    around = _context(evidence, card.value)
    candidates = [block for block in card.value.demonstrations if block.error or _shows_package(block, around)]
    if not candidates:
        open_to = bool(card.value.demonstrations) and any(fact.failed for fact in asked)
        return measured(
            0.0,
            "no Python in the card shows how to use it",
            card,
            high=1.0 if open_to else None,
            lost_to=failures(*asked) if open_to else (),
        )
    scored = [(*_score(block, around), block.position) for block in candidates]
    score, missing, position = max(scored, key=lambda it: it[0])
    stated = f"block {position} of the card, best of {len(scored)}: " + (
        f"missing {', '.join(missing)}" if missing else "parses, and all that it needs is there"
    )
    if score < 1 and any(fact.failed for fact in asked):
        # What is missing here may be there.
        return measured(score, stated, card, low=score, high=1.0, lost_to=failures(*asked))
    return measured(score, stated, card)


def _shows_package(block: DemonstrationFacts, around: _Context) -> bool:
    """Whether a block uses the package, not just any library."""
    if any(role_of(name) is not Role.DOCS and name.rsplit("/", 1)[-1] in around.files for name in block.files):
        return True
    own = any(distribution(module.split(".", 1)[0]) in around.own for module in block.imports)
    return block.used and (block.names_package or own)


def _score(block: DemonstrationFacts, around: _Context) -> tuple[float, list[str]]:
    if block.error is not None:
        return 0.0, [f"valid syntax ({block.error})"]
    missing = [f"module {module}" for module in block.imports if not _has_module(module, around)]
    inside = [(module, name) for module, name in block.imported if module in around.modules and name != "*"]
    missing += [f"{module}.{name}" for module, name in inside if not _defines(module, name, around)]
    missing += [f"file {name}" for name in block.files if name.rsplit("/", 1)[-1] not in around.files]
    missing += [f"a definition of {name}" for name in block.undefined]
    needed = block.standard_imports + len(block.imports) + len(inside) + len(block.files) + len(block.undefined)
    return 0.5 + 0.5 * (needed - len(missing)) / needed, missing


def _has_module(module: str, around: _Context) -> bool:
    top = module.split(".", 1)[0]
    # `google.cloud.storage` comes from google-cloud-storage: the distribution may be named after more than the top.
    dotted = distribution(module)
    known = any(name == top or name.startswith(top + ".") for name in around.modules)
    return known or distribution(top) in around.distributions or dotted in around.distributions


def _defines(module: str, name: str, around: _Context) -> bool:
    return name in around.modules[module] or f"{module}.{name}" in around.modules


def _context(evidence: Evidence, card: CardReading) -> _Context:
    package, archive, tree, hub = (
        evidence.package.value,
        evidence.archive.value,
        evidence.tree.value,
        evidence.hub.value,
    )
    declared: list[str] = [*card.installs, *card.libraries]
    own: list[str] = []
    modules: dict[str, frozenset[str]] = {}
    files: list[str] = []
    if package:
        declared += package.tags
        own += [package.name.rsplit("/", 1)[-1]] if package.type == "code" else []
    if archive:
        declared += [*archive.requirements, *_required(archive.project)]
        modules = {
            module.name: frozenset(module.names) for module in (archive.python.modules if archive.python else ())
        }
        own += [*(name.split(".", 1)[0] for name in modules), *_named(archive.project)]
        files += [file.path for file in archive.files]
    if tree:
        paths = [file.path for file in tree.files]
        declared += _required(tree.project)
        own += [*_top_modules(paths), *_named(tree.project)]
        files += paths
    if hub:
        declared += [hub.library or "", *hub.tags]
        files += [file.path for file in hub.files]
    owned = frozenset(distribution(name) for name in own if name)
    distributions = frozenset(distribution(name) for name in declared if name) | owned
    names = frozenset(path.rsplit("/", 1)[-1] for path in files)
    return _Context(distributions, modules, names, owned)


def _required(project: ProjectFacts | None) -> tuple[str, ...]:
    return project.requirements if project else ()


def _named(project: ProjectFacts | None) -> tuple[str, ...]:
    return (project.name,) if project and project.name else ()


def _top_modules(paths: Iterable[str]) -> set[str]:
    """The modules that can be imported from a repository's root or its `src` folder."""
    inner = [path.removeprefix("src/") for path in paths if path.endswith(".py")]
    return {path.split("/", 1)[0].removesuffix(".py") for path in inner}
