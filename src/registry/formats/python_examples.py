"""Reading the Python in a card: parsed into facts, never run.

This is part of collecting: what parses depends on Python's version, so its result is evidence, and scoring it is not.
"""

import ast
import builtins
import sys
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from registry.domain.card_facts import DemonstrationFacts
from registry.formats.blocks import CodeBlock
from registry.formats.cards import Card

MAX_BLOCKS = 40
MAX_BLOCK_CHARACTERS = 20_000
MAX_CHARACTERS = 100_000
_LANGUAGES = {"python", "py", "python3", "pycon", ""}
_GIVEN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_OPENERS = {"open", "load", "read_csv", "read_json", "read_parquet", "imread", "load_model", "from_file"}


def read_demonstrations(card: Card, names_package: Sequence[bool]) -> tuple[DemonstrationFacts, ...]:
    """The Python blocks of a card, in order. A name that an earlier block defines counts as defined.

    `names_package` says of each block of the card whether the package's name stands in it.
    """
    facts: list[DemonstrationFacts] = []
    bound: dict[int, frozenset[str]] = {}  # what the foreign imports of each of the facts bind
    used: set[int] = set()
    defined: set[str] = set()
    characters = 0
    for position, block in enumerate(card.code[:MAX_BLOCKS], start=1):
        source = _source(block)
        if source is None or characters + len(source) > MAX_CHARACTERS:
            continue
        characters += len(source)
        try:
            tree = parse_python(source)
        except SyntaxError as error:
            if block.language:  # a block that names no language may be anything
                facts.append(DemonstrationFacts(position, _lines(source), error=f"line {error.lineno}: {error.msg}"))
            continue
        if block.language or any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)):
            bound[len(facts)] = frozenset(_foreign_names(tree))
            facts.append(_facts(tree, position, _lines(source), defined))
        loaded = set(_loaded_names(tree))
        used.update(place for place, names in bound.items() if loaded & names or (loaded and "*" in names))
    return tuple(
        replace(fact, used=place in used, names_package=names_package[fact.position - 1])
        for place, fact in enumerate(facts)
    )


def parse_python(source: str) -> ast.Module:
    """The syntax tree. Raises SyntaxError for whatever Python's parser cannot take."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return ast.parse(source)
        except (ValueError, MemoryError, RecursionError) as error:
            # NUL bytes; and nesting beyond the parser's stack, which only hostile text has.
            raise SyntaxError(f"cannot be parsed: {type(error).__name__}") from None


def is_standard(module: str) -> bool:
    """Whether a dotted module is of the standard library."""
    return module.split(".", 1)[0] in sys.stdlib_module_names


def _source(block: CodeBlock) -> str | None:
    """A block as Python: prompts and shell lines taken out; None when it is of another language, or too long."""
    if block.language not in _LANGUAGES or len(block.text) > MAX_BLOCK_CHARACTERS:
        return None
    lines = textwrap.dedent(block.text).splitlines()
    if any(line.startswith(">>> ") for line in lines):
        lines = [line[4:] for line in lines if line.startswith((">>> ", "... "))]
    return "\n".join("" if line.lstrip().startswith(("!", "%")) else line for line in lines)


def _facts(tree: ast.Module, position: int, lines: int, defined: set[str]) -> DemonstrationFacts:
    """The facts of a block; adds what it defines to `defined`."""
    modules: list[str] = []
    imported: list[tuple[str, str]] = []
    files: list[str] = []
    star = False
    for node in ast.walk(tree):
        defined.update(_bound(node))
        if isinstance(node, ast.Import):
            modules.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.append(node.module)
            imported.extend((node.module, alias.name) for alias in node.names)
            star = star or any(alias.name == "*" for alias in node.names)
        elif isinstance(node, ast.Call):
            files.extend(_opened(node))
    foreign = tuple(dict.fromkeys(module for module in modules if not is_standard(module)))
    # `import *` may define any name.
    given = defined | _GIVEN
    undefined = () if star else tuple(dict.fromkeys(name for name in _loaded_names(tree) if name not in given))
    return DemonstrationFacts(
        position=position,
        lines=lines,
        standard_imports=sum(map(is_standard, modules)),
        imports=foreign,
        imported=tuple(dict.fromkeys(pair for pair in imported if not is_standard(pair[0]))),
        undefined=undefined,
        files=tuple(dict.fromkeys(files)),
    )


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield (alias.asname or alias.name).split(".", 1)[0]
        case _:
            return


def _loaded_names(tree: ast.Module) -> Iterator[str]:
    """The names that the code reads."""
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _foreign_names(tree: ast.Module) -> Iterator[str]:
    """The names that imports from outside the standard library bind; `*` for any."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            foreign = [alias for alias in node.names if not is_standard(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and not is_standard(node.module):
            foreign = node.names
        else:
            continue
        yield from ((alias.asname or alias.name).split(".", 1)[0] for alias in foreign)


def _opened(call: ast.Call) -> Iterator[str]:
    """The local file that a call opens to read, where its name stands in the code."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = call.args[0] if call.args else None
    if function not in _OPENERS or not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return
    writes = len(call.args) > 1 and isinstance(call.args[1], ast.Constant) and "w" in str(call.args[1].value)
    name = first.value
    if not writes and "://" not in name and "." in name.rsplit("/", 1)[-1] and len(name) <= 200:
        yield name


def _lines(source: str) -> int:
    return sum(1 for line in source.splitlines() if line.strip())
