"""Which tests assert something about the code: Python that is read and never run.

A test function counts when an assertion in it depends on the package: on what its file imports from the package's own
modules, on a fixture, or on what follows from these. `assert True`, `assert 1 == 1` and comments do not.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from registry.domain.evidence import AssertionFacts

_ROUNDS = 3
"""How often names are passed on: through loops, and functions that stand in another order."""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file's path without the archive's top folder, and its syntax tree."""

    path: str
    tree: ast.Module


def is_test_path(path: str) -> bool:
    """Whether a file of this name holds tests, or what they share."""
    *folders, name = path.split("/")
    in_folder = any(folder in ("test", "tests", "testing") for folder in folders)
    return path.endswith(".py") and (in_folder or name.startswith("test_") or name.endswith("_test.py"))


def read_tests(files: Sequence[ParsedFile]) -> AssertionFacts | None:
    """What the test files among these assert; None where there is none."""
    tests = [file for file in files if is_test_path(file.path)]
    if not tests:
        return None
    own = {_top_module(file.path) for file in files if not is_test_path(file.path)}
    shared = any(file.path.endswith("conftest.py") and _imports_own(file.tree, own) for file in files)
    functions = asserting = statements = counted = 0
    for file in tests:
        statements += _statements(file.tree)
        names = frozenset(_own_names(file.tree, own))
        for function, in_class in _test_functions(file.tree):
            functions += 1
            if _asserts(function, names, fixtures=bool(names) or shared, in_class=in_class):
                asserting += 1
                counted += _statements(function)
    return AssertionFacts(functions, asserting, statements, counted)


def _top_module(path: str) -> str:
    return path.removeprefix("src/").split("/", 1)[0].removesuffix(".py")


def _imports_own(tree: ast.Module, own: set[str]) -> bool:
    return next(_own_names(tree, own), None) is not None


def _own_names(tree: ast.Module, own: set[str]) -> Iterator[str]:
    """What a file binds by importing the package's own modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".", 1)[0] in own:
                    yield (alias.asname or alias.name).split(".", 1)[0]
        elif isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".", 1)[0] in own):
            yield from (alias.asname or alias.name for alias in node.names)


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _test_functions(tree: ast.Module) -> Iterator[tuple[_Function, bool]]:
    for node in tree.body:
        if isinstance(node, _Function) and node.name.startswith("test"):
            yield node, False
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, _Function) and inner.name.startswith("test"):
                    yield inner, True


def _asserts(function: _Function, own: frozenset[str], *, fixtures: bool, in_class: bool) -> bool:
    live = set(own)
    if fixtures:
        arguments = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
        given = set(_parametrized(function))
        live |= {name for name in arguments if name not in given and (in_class or name != "self")}
    for _ in range(_ROUNDS):
        for node in ast.walk(function):
            live.update(_follows(node, live))
    return any(_is_assertion(node, live) for node in ast.walk(function))


def _parametrized(function: _Function) -> Iterator[str]:
    """The names that decorators give values to."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and decorator.args:
            for node in ast.walk(decorator.args[0]):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield from (name.strip() for name in node.value.split(","))


def _follows(node: ast.AST, live: set[str]) -> Iterator[str]:
    """The names that a node binds to something that depends on the package."""
    match node:
        case ast.Assign(targets=targets, value=value) if _depends(value, live):
            yield from _stored(targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value) if _depends(value, live):
            yield from _stored([target])
        case ast.NamedExpr(target=target, value=value) if _depends(value, live):
            yield target.id
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value) if _depends(value, live):
            yield from _stored([target])
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target) if _depends(value, live):
            yield from _stored([target])
        case _:
            return


def _stored(targets: Iterable[ast.AST]) -> Iterator[str]:
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _depends(node: ast.AST, live: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in live for inner in ast.walk(node))


def _is_assertion(node: ast.AST, live: set[str]) -> bool:
    """Whether a node asserts something that depends on the package."""
    match node:
        case ast.Assert(test=test):
            return _depends(test, live)
        case ast.Call(func=ast.Attribute(attr=name, value=value), args=arguments) if name.startswith("assert"):
            # `self.assertEqual(…)`, or `mock.assert_called_once()` on what a test has made.
            on_self = isinstance(value, ast.Name) and value.id == "self"
            return any(_depends(it, live) for it in arguments) or (not on_self and _depends(value, live))
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            raises = any(_is_raises(item.context_expr) for item in items)
            return raises and any(_depends(it, live) for it in body)
        case _:
            return False


def _is_raises(expression: ast.expr) -> bool:
    """`pytest.raises(…)`, `self.assertRaises(…)`, `pytest.warns(…)`."""
    function = expression.func if isinstance(expression, ast.Call) else None
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "assertLogs")


def _statements(node: ast.AST) -> int:
    return sum(isinstance(it, ast.stmt) and not is_docstring(it) for it in ast.walk(node))


def is_docstring(node: ast.stmt) -> bool:
    """Whether a statement is a constant alone: a docstring, `...`, or a number that nothing uses."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
