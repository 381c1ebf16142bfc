"""Is the code looked after: tested, checked by machines, typed, free of findings?

Formula: the weighted mean of those parts that could be looked at.

- tests 0.30: 1 when there are test files, else 0
- continuous integration 0.20: 1 when a workflow or its like is there
- lint configuration 0.15: 1 when a linter or pre-commit is set up, in a file of its own or in `pyproject.toml`
- types 0.15: the share of functions with annotations in the Python of the archive; where none was read, 1 when a type
  checker is set up or `py.typed` is there, else 0
- findings 0.20: 1 / (1 + findings of ruff per 100 lines) on the Python of the archive, by its rules E4, E7, E9, F
  and B; a file that does not parse counts as ten findings

The first three look at the repository's tree; without one at the archive, unless it is a wheel, which is not meant to
hold them. Code is never run. Null when neither holds source files.

Source: OpenSSF Scorecard's checks CI-Tests and SAST (https://github.com/ossf/scorecard/blob/main/docs/checks.md);
ruff's rules (https://docs.astral.sh/ruff/rules/); the shares are this project's.
"""

import re
from collections.abc import Iterable
from math import fsum

from registry.domain.evidence import Evidence, Fact, PythonFacts
from registry.domain.ratings import MetricResult
from registry.rating.metrics.dataset_and_code import SOURCE_ENDINGS
from registry.rating.project_files import configured_tools, without_top
from registry.rating.results import counted, lost, measured, unknown

_TESTS = re.compile(r"(?:^|/)(?:tests?/.*\.\w+|test_[^/]*\.py|[^/]*_test\.(?:py|go)|[^/]*\.(?:test|spec)\.[jt]sx?)$")
_CI = re.compile(
    r"^(?:\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml|\.travis\.yml|azure-pipelines\.yml"
    r"|Jenkinsfile|\.buildkite/.+|appveyor\.yml|\.ci/.+)$"
)
_LINT = re.compile(
    r"(?:^|/)(?:\.?ruff\.toml|\.flake8|\.pylintrc|pylintrc|\.pre-commit-config\.yaml|\.eslintrc[^/]*|eslint\.config\.[^/]+"
    r"|\.golangci\.ya?ml|clippy\.toml|\.clang-tidy)$"
)
_TYPES = re.compile(r"(?:^|/)(?:\.?mypy\.ini|pyrightconfig\.json|py\.typed|tsconfig\.json)$")
_LINT_TOOLS = ("ruff", "pylint", "flake8", "black", "isort")
_TYPE_TOOLS = ("mypy", "pyright", "basedpyright", "pyre", "ty")
_SYNTAX_ERROR_FINDINGS = 10

_Part = tuple[float, float, str]  # weight, score, text


def measure(evidence: Evidence) -> MetricResult:
    archive, tree = evidence.archive, evidence.tree
    python = archive.value.python if archive.value else None
    fact, paths, tools = _project_files(evidence)
    parts = _project(paths, tools, python) if fact else []
    if python and python.lines:
        parts += _python(python)
    if not parts:
        if archive.failed or tree.failed:
            return lost(archive, tree)
        return unknown("there is no source code in the archive, and no repository to look at", archive, tree)
    if tree.failed:
        return lost(tree)
    weight = fsum(part[0] for part in parts)
    used: tuple[Fact[object], ...] = (archive, tree)
    return measured(fsum(part[0] * part[1] for part in parts) / weight, "; ".join(part[2] for part in parts), *used)


def _project_files(evidence: Evidence) -> tuple[Fact[object] | None, list[str], frozenset[str]]:
    """Where the project's own files are seen (None where they cannot be), their paths, and the tools set up."""
    archive, tree = evidence.archive.value, evidence.tree.value
    fact: Fact[object]
    if tree:
        paths, fact, pyproject = [file.path for file in tree.files], evidence.tree, tree.pyproject
    elif archive and not archive.is_wheel:
        paths = without_top([file.path for file in archive.files])
        fact, pyproject = evidence.archive, archive.pyproject
    else:
        return None, [], frozenset()
    return (fact, paths, configured_tools(pyproject)) if _has_source(paths) else (None, [], frozenset())


def _project(paths: list[str], tools: frozenset[str], python: PythonFacts | None) -> list[_Part]:
    parts = [
        _present(0.30, paths, _TESTS, "tests"),
        _present(0.20, paths, _CI, "continuous integration"),
        _configured(0.15, paths, _LINT, "lint configuration", tools.intersection(_LINT_TOOLS)),
    ]
    if python and python.functions:
        return parts
    return [*parts, _configured(0.15, paths, _TYPES, "type checking", tools.intersection(_TYPE_TOOLS))]


def _python(python: PythonFacts) -> list[_Part]:
    parts: list[_Part] = []
    if python.functions:
        share = python.annotated_functions / python.functions
        parts.append(
            (0.15, share, f"{python.annotated_functions} of {counted(python.functions, 'function')} annotated")
        )
    if python.findings is not None:
        found = sum(count for _, count in python.findings) + _SYNTAX_ERROR_FINDINGS * python.syntax_errors
        rules = ", ".join(f"{rule} ×{count}" for rule, count in python.findings[:3])
        text = f"{counted(found, 'finding')} of ruff in {counted(python.lines, 'line')}{f' ({rules})' if rules else ''}"
        parts.append((0.20, 1 / (1 + 100 * found / python.lines), text))
    return parts


def _present(weight: float, paths: Iterable[str], pattern: re.Pattern[str], what: str) -> _Part:
    found = next((path for path in paths if pattern.search(path)), None)
    return weight, float(found is not None), f"{what}: {found}" if found else f"no {what}"


def _configured(
    weight: float, paths: Iterable[str], pattern: re.Pattern[str], what: str, tools: frozenset[str]
) -> _Part:
    if tools:
        return weight, 1.0, f"{what}: {', '.join(sorted(tools))} in pyproject.toml"
    return _present(weight, paths, pattern, what)


def _has_source(paths: list[str]) -> bool:
    return any(path.lower().endswith(SOURCE_ENDINGS) for path in paths)
