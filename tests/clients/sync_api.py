"""Writes `registry/client/sync.py`, the synchronous client, from the sources of the asynchronous one.

`make sync-client` runs it; a test holds the file and the sources together.
"""

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import registry.client

PACKAGE = Path(registry.client.__file__).parent
TARGET = PACKAGE / "sync.py"
BASE = ("session", "Session")
MAIN = ("registry", "RegistryClient")
PARTS = {
    "users": ("users", "Users"),
    "tokens": ("tokens", "Tokens"),
    "names": ("names", "Names"),
    "ratings": ("ratings", "Ratings"),
    "audit_log": ("audit", "AuditLog"),
    "safety": ("safety", "Safety"),
    "webhooks": ("webhooks", "Webhooks"),
    "checks": ("checks", "Checks"),
    "files": ("files", "Files"),
}
"""Attributes of the client: the module and class that each is of."""
_HEAD = '''"""The synchronous client. `make sync-client` writes it from the asynchronous one: change that, not this."""

# ruff: noqa: A002

'''


def generate() -> str:
    """The text of the module."""
    classes = [_part(module, name) for module, name in PARTS.values()]
    body = "\n\n".join([*classes, _client()])
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    imports = sorted({*_imports(used), "from registry.client.portal import Portal"})
    text = _HEAD + "\n".join(imports) + "\n\n\n" + body + "\n"
    for command in (("check", "--select", "I", "--fix"), ("format",)):
        text = _ruff(text, *command)
    return text


def _ruff(text: str, *command: str) -> str:
    ruff = [sys.executable, "-m", "ruff", *command, "--quiet", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


def _tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def _class(module: str, name: str) -> ast.ClassDef:
    return next(node for node in _tree(module).body if isinstance(node, ast.ClassDef) and node.name == name)


def _imports(used: set[str]) -> Iterator[str]:
    """Where the names come from that the signatures use: the imports of the sources, or the sources themselves."""
    modules = [BASE, MAIN, *PARTS.values()]
    wanted = used - {name for _, name in modules}
    for module, _ in modules:
        for node in _tree(module).body:
            if isinstance(node, ast.ClassDef) and node.name in used:
                yield f"from registry.client.{module} import {node.name}"
            elif isinstance(node, ast.ImportFrom):
                yield from (f"from {node.module} import {each.name}" for each in node.names if each.name in wanted)
            elif isinstance(node, ast.Import):
                yield from (f"import {each.name}" for each in node.names if each.name in used)
    yield "from collections.abc import Iterator"


def _part(module: str, name: str) -> str:
    source = _class(module, name)
    head = f"class Sync{name}:\n    {_docstring(source)}\n\n"
    head += f"    def __init__(self, wrapped: {name}, portal: Portal) -> None:\n"
    head += "        self._wrapped = wrapped\n        self._portal = portal\n\n"
    return head + "\n\n".join(_methods(source))


def _client() -> str:
    source = _class(*MAIN)
    init = next(node for node in source.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    lines = [
        "class SyncRegistryClient:",
        '    """Speaks to one registry. A context manager; threads may share it.',
        "",
        "    Methods are those of `RegistryClient`, and raise the errors of `registry.client.errors`. A `progress` is",
        "    called in a thread of the client's.",
        '    """',
        "",
        f"    def __init__({ast.unparse(init.args)}) -> None:",
        f'        """{ast.get_docstring(init)}"""',
        f"        self._wrapped = RegistryClient({_passed(init.args)})",
        "        self._portal = Portal()",
        *(f"        self.{part} = Sync{name}(self._wrapped.{part}, self._portal)" for part, (_, name) in PARTS.items()),
        "",
        "    def __enter__(self) -> Self:",
        "        return self",
        "",
        "    def __exit__(",
        "        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None",
        "    ) -> None:",
        "        self.close()",
        "",
        "    def close(self) -> None:",
        '        """Close the connections. The client cannot be used afterwards."""',
        "        self._portal.call(self._wrapped.__aexit__(None, None, None))",
        "        self._portal.close()",
        "",
    ]
    return "\n".join(lines) + "\n" + "\n\n".join([*_methods(_class(*BASE)), *_methods(source)])


def _methods(source: ast.ClassDef) -> Iterator[str]:
    for node in source.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        returned = ast.unparse(node.returns) if node.returns is not None else "None"
        decorators = "".join(f"    @{ast.unparse(each)}\n" for each in node.decorator_list)
        called = f"self._wrapped.{node.name}" + ("" if decorators else f"({_passed(node.args)})")
        if returned.startswith("AsyncIterator["):
            returned = returned.removeprefix("Async")
            body = f"return self._portal.iterate({called})"
        elif isinstance(node, ast.AsyncFunctionDef):
            body = f"self._portal.call({called})" if returned == "None" else f"return self._portal.call({called})"
        else:
            body = f"return {called}"
        yield (
            f"{decorators}    def {node.name}({ast.unparse(node.args)}) -> {returned}:\n"
            f"        {_docstring(node, indent=8)}\n        {body}"
        )


def _passed(arguments: ast.arguments) -> str:
    """The call's arguments: each as it came."""
    positional = [each.arg for each in arguments.args[1:]]
    return ", ".join([*positional, *(f"{each.arg}={each.arg}" for each in arguments.kwonlyargs)])


def _docstring(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, *, indent: int = 4) -> str:
    text = ast.get_docstring(node) or node.name
    lines = text.splitlines()
    if len(lines) == 1:
        return f'"""{text}"""'
    margin = " " * indent
    return '"""' + "\n".join([lines[0], *(margin + line if line else "" for line in lines[1:])]) + f'\n{margin}"""'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        TARGET.write_text(generate(), encoding="utf-8")
    else:
        print(generate(), end="")  # noqa: T201


if __name__ == "__main__":
    main()
