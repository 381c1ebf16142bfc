"""Is the code looked after: tested, checked by machines, typed, free of findings?

Formula: the weighted mean of those parts that could be looked at.

- tests 0.30: statements of tests that assert something about the code / a quarter of the statements of other code, at
  most 1. An assertion counts when it depends on what the test imports from the package or is given; comments, `assert
  True` and constants do not. Tests that could not be read (another language, or in a repository that is only listed)
  count half: bytes of test files / a quarter of the bytes of other source files / 2
- continuous integration 0.20: 1 when a workflow or its like is there; a source distribution is not meant to hold one
- lint configuration 0.15: 1 when a linter or pre-commit is set up, in a file of its own or in `pyproject.toml`
- types 0.15: the share of functions with annotations in the Python of the archive, without its tests; where none was
  read, 1 when a type checker is set up, else 0
- findings 0.20: 1 / (1 + findings of ruff per 100 lines) on the Python of the archive, by its rules E4, E7, E9, F
  and B; a file that does not parse counts as ten findings

Empty files count for nothing. The first three look at the repository's tree; without one at the archive, unless it is a
wheel, which is not meant to hold them. Code is never run. Null when neither holds source files, or when the parts that
could be looked at weigh less than 0.30.

Source: OpenSSF Scorecard's checks CI-Tests and SAST (https://github.com/ossf/scorecard/blob/main/docs/checks.md); the
ratio of test code to source code: N. Nagappan et al., "Providing Test Quality Feedback Using Static Source Code and
Automatic Test Suite Metrics", ISSRE 2005; ruff's rules (https://docs.astral.sh/ruff/rules/); the shares are this
project's.
"""

import re
from collections.abc import Iterable
from math import fsum

from registry.domain.evidence import AssertionFacts, Evidence, Fact, FileEntry, PythonFacts
from registry.domain.ratings import MetricResult
from registry.formats.project_files import without_top
from registry.rating.metrics.dataset_and_code import is_source
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
_TYPES = re.compile(r"(?:^|/)(?:\.?mypy\.ini|pyrightconfig\.json|tsconfig\.json)$")
_LINT_TOOLS = ("ruff", "pylint", "flake8", "black", "isort")
_TYPE_TOOLS = ("mypy", "pyright", "basedpyright", "pyre", "ty")
_SYNTAX_ERROR_FINDINGS = 10
_TEST_SHARE = 0.25
_LEAST_WEIGHT = 0.30

_Part = tuple[float, float, str]  # weight, score, text


def measure(evidence: Evidence) -> MetricResult:
    archive, tree = evidence.archive, evidence.tree
    python = archive.value.python if archive.value else None
    fact, files, tools = _project_files(evidence)
    parts = _project(files, tools, python) if fact else []
    if python and python.lines:
        parts += _python(python)
    weight = fsum(part[0] for part in parts)
    if archive.failed or tree.failed:
        return lost(archive, tree)
    if weight < _LEAST_WEIGHT:
        why = "there is too little" if parts else "there is no"
        return unknown(f"{why} source code in the archive, and no repository to look at", archive, tree)
    used: tuple[Fact[object], ...] = (archive, tree)
    return measured(fsum(part[0] * part[1] for part in parts) / weight, "; ".join(part[2] for part in parts), *used)


def _project_files(evidence: Evidence) -> tuple[Fact[object] | None, list[FileEntry], frozenset[str]]:
    """Where the project's own files are seen (None where they cannot be), its files, and the tools set up."""
    archive, tree = evidence.archive.value, evidence.tree.value
    fact: Fact[object]
    if tree:
        listed, fact, project = tree.files, evidence.tree, tree.project
        paths = [file.path for file in listed]
    elif archive and not archive.is_wheel:
        listed, fact, project = archive.files, evidence.archive, archive.project
        paths = without_top([file.path for file in listed])
    else:
        return None, [], frozenset()
    files = [FileEntry(path, file.size) for path, file in zip(paths, listed, strict=True) if file.size]
    has_source = any(is_source(file.path) for file in files)
    return (fact, files, frozenset(project.tools if project else ())) if has_source else (None, [], frozenset())


def _project(files: list[FileEntry], tools: frozenset[str], python: PythonFacts | None) -> list[_Part]:
    paths = [file.path for file in files]
    parts = [
        _tests(0.30, files, python.tests if python else None, python),
        *_integration(0.20, paths),
        _configured(0.15, paths, _LINT, "lint configuration", tools.intersection(_LINT_TOOLS)),
    ]
    if python and python.functions:
        return parts
    return [*parts, _configured(0.15, paths, _TYPES, "type checking", tools.intersection(_TYPE_TOOLS))]


def _integration(weight: float, paths: list[str]) -> list[_Part]:
    """Nothing where a source distribution (it has a `PKG-INFO` at its root) shows none."""
    part = _present(weight, paths, _CI, "continuous integration")
    return [] if part[1] == 0 and "PKG-INFO" in paths else [part]


def _tests(weight: float, files: list[FileEntry], tests: AssertionFacts | None, python: PythonFacts | None) -> _Part:
    if tests is not None and python is not None:
        others = python.statements - tests.statements
        score = min(1.0, tests.counted / (_TEST_SHARE * others)) if others > 0 else 0.0
        shown = f"{tests.asserting} of {counted(tests.functions, 'test function')} assert something about the code"
        return weight, score, f"tests: {shown}, {tests.counted:,} statements for {others:,} of other code"
    sources = [file for file in files if is_source(file.path)]
    unread = [file for file in sources if _TESTS.search(file.path)]
    if not unread:
        return weight, 0.0, "no tests"
    bytes_of_tests = sum(file.size for file in unread)
    bytes_of_others = sum(file.size for file in sources) - bytes_of_tests
    score = min(1.0, bytes_of_tests / (_TEST_SHARE * bytes_of_others)) / 2 if bytes_of_others else 0.0
    shown = f"tests, not read: {unread[0].path}" + (f" and {len(unread) - 1:,} more" if len(unread) > 1 else "")
    return weight, score, f"{shown}, {bytes_of_tests:,} bytes for {bytes_of_others:,} of other code"


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
