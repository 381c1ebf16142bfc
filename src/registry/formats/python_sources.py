"""Reading the Python of a package: parsed, and linted by ruff in a folder of its own. Nothing of it is ever run."""

import ast
import json
import resource
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry.domain.evidence import ModuleFacts, PythonFacts
from registry.formats.assertions import ParsedFile, is_docstring, is_test_path, read_tests
from registry.formats.project_files import without_top
from registry.formats.python_examples import parse_python

MAX_MODULES = 300
MAX_NAMES = 200
RUFF_CPU_SECONDS = 20
RULES = "E4,E7,E9,F,B"
"""Named, since ruff's own selection changes from release to release: pycodestyle's errors, Pyflakes, bugbear."""
_INVALID_SYNTAX = "invalid-syntax"


@dataclass(frozen=True, slots=True)
class PythonSource:
    """A file of Python: its path in the archive, its text."""

    path: str
    text: str


def read_python(sources: Sequence[PythonSource], *, ruff: Path | None = None) -> PythonFacts:
    """What parsing and linting shows. `ruff` is its program (None: the one installed beside this package)."""
    functions = annotated = errors = statements = 0
    modules: list[ModuleFacts] = []
    parsed: list[ParsedFile] = []
    paths = [source.path for source in sources]
    if not any(path.count("/") == 1 and path.endswith("/__init__.py") for path in paths):
        paths = without_top(paths)
    for path, source in zip(paths, sources, strict=True):
        try:
            tree = parse_python(source.text)
        except SyntaxError:
            errors += 1
            continue
        parsed.append(ParsedFile(path, tree))
        for node in ast.walk(tree):
            statements += isinstance(node, ast.stmt) and not is_docstring(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_test_path(path):
                functions += 1
                annotated += _is_annotated(node)
        if len(modules) < MAX_MODULES:
            modules.append(ModuleFacts(_module_name(path), _top_level_names(tree)))
    return PythonFacts(
        files=len(sources),
        lines=sum(source.text.count("\n") + 1 for source in sources),
        syntax_errors=errors,
        functions=functions,
        annotated_functions=annotated,
        statements=statements,
        findings=lint(sources, ruff=ruff),
        modules=tuple(modules),
        tests=read_tests(parsed),
    )


def lint(sources: Sequence[PythonSource], *, ruff: Path | None = None) -> tuple[tuple[str, int], ...] | None:
    """Ruff's findings as (rule, count), most frequent first; None when it cannot be asked.

    The files get names of our own in a folder of our own. `--isolated` keeps every configuration out, and noqa comments
    do not count: a package must not be able to excuse itself.
    """
    program = ruff or Path(sysconfig.get_path("scripts")) / "ruff"
    with tempfile.TemporaryDirectory(prefix="registry-lint-") as folder:
        for position, source in enumerate(sources):
            place = Path(folder) / f"m{position}"
            place.mkdir()
            name = "__init__.py" if source.path.endswith("/__init__.py") else "module.py"
            (place / name).write_text(source.text, encoding="utf-8", errors="replace")
        options = [
            "--isolated",
            "--no-cache",
            "--ignore-noqa",
            "--exit-zero",
            "--statistics",
            "--output-format",
            "json",
        ]
        try:
            with subprocess.Popen(  # noqa: S603 - a fixed program and fixed options
                [program, "check", "--select", RULES, "--target-version", "py313", *options, "."],
                cwd=folder,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                _limit_cpu_time(process.pid)
                output, _ = process.communicate()
            statistics = json.loads(output) if process.returncode == 0 else None
        except (OSError, ValueError):
            return None
    if statistics is None:
        return None
    counts: Counter[str] = Counter()
    for entry in statistics:
        if entry["code"] and entry["code"] != _INVALID_SYNTAX:
            counts[str(entry["code"])] += int(entry["count"])
    return tuple(sorted(counts.items(), key=lambda it: (-it[1], it[0])))


def _limit_cpu_time(process: int) -> None:
    """Have the kernel end ruff (Linux): a job may not send signals, so it cannot end ruff itself."""
    if sys.platform == "linux":
        with suppress(ProcessLookupError):
            _, hard = resource.prlimit(process, resource.RLIMIT_CPU)
            most = RUFF_CPU_SECONDS if hard == resource.RLIM_INFINITY else min(RUFF_CPU_SECONDS, hard)
            resource.prlimit(process, resource.RLIMIT_CPU, (most, hard))


def _is_annotated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the result and every parameter, `self` and `cls` aside, has an annotation."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    if parameters and parameters[0].arg in ("self", "cls"):
        del parameters[0]
    # `__init__` with annotated parameters needs no `-> None` (PEP 484).
    has_result = function.returns is not None or (function.name == "__init__" and bool(parameters))
    return has_result and all(parameter.annotation for parameter in parameters)


def _module_name(path: str) -> str:
    inner = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return inner.replace("/", ".")


def _top_level_names(tree: ast.Module) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name.split(".", 1)[0], None) for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update((target.id, None) for target in targets if isinstance(target, ast.Name))
    return tuple(names)[:MAX_NAMES]
