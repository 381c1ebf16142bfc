"""What a chat template looks up by names that it computes, and what it calls of that: its tree, read and never run.

Jinja's subscript reads attributes too, so `x['__cl' ~ y]` reaches whatever `x.__class__` does.
"""

import re
from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, TemplateError, nodes

_TEXT_FILTERS = re.compile(
    "capitalize|center|escape|first|format|indent|join|last|list|lower|random|replace|reverse|safe|string|title|tojson"
    "|trim|truncate|upper|urlize|wordwrap|xmlattr"
)
_ATTRIBUTE_FILTERS = ("map", "selectattr", "rejectattr", "sort", "groupby", "sum", "unique", "min", "max")
_TEXT_METHODS = ("format", "join", "replace", "lower", "upper", "strip", "lstrip", "rstrip", "title", "translate")
_ARITHMETIC = (nodes.Add, nodes.Mul, nodes.Mod)


def computed_lookup(template: str) -> str | None:
    """What it looks up in a way that only a reader of its values could follow; None where there is nothing such.

    None too for what is no Jinja: nothing renders that.
    """
    try:
        tree = _environment().parse(template)
        return next(_lookups(tree), None)
    except TemplateError:
        return None
    except RecursionError:
        return "what it nests too deep to follow"


@cache
def _environment() -> Environment:
    """With the tags of `transformers`' extensions."""
    return Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"], autoescape=True)


def _lookups(tree: nodes.Template) -> Iterator[str]:
    bound = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    for item in tree.find_all(nodes.Getitem):
        if _makes_text(item.arg):
            yield "an attribute of a computed name"
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name in _ATTRIBUTE_FILTERS and any(not isinstance(it, nodes.Const) for it in _attributes(filtered)):
            yield "an attribute of a computed name"
    for call in tree.find_all(nodes.Call):
        function = call.node
        looked_up = isinstance(function, nodes.Getitem) and not isinstance(function.arg, nodes.Const)
        if looked_up or (isinstance(function, nodes.Name) and function.name in bound - macros):
            yield "a function that it looks up"


def _attributes(filtered: nodes.Filter) -> list[nodes.Expr]:
    """The arguments that name attributes: `attribute=`, and the first where the filter begins with it."""
    named = [pair.value for pair in filtered.kwargs if pair.key == "attribute"]
    first = filtered.args[:1] if filtered.name in ("selectattr", "rejectattr", "groupby") else []
    return [*named, *first, *([filtered.dyn_kwargs] if filtered.dyn_kwargs is not None else [])]


def _makes_text(key: nodes.Node) -> bool:
    """Whether a key is put together of texts."""
    parts = [key, *key.find_all(nodes.Node)]
    if any(isinstance(it, nodes.Concat) for it in parts):
        return True
    if any(isinstance(it, nodes.Filter) and _TEXT_FILTERS.fullmatch(it.name) for it in parts):
        return True
    if any(
        isinstance(it, nodes.Call) and isinstance(it.node, nodes.Getattr) and it.node.attr in _TEXT_METHODS
        for it in parts
    ):
        return True
    return any(isinstance(it, _ARITHMETIC) and not _is_number(it) for it in parts)


def _is_number(sum_of: nodes.Node) -> bool:
    """Whether a sum has a number in it, as an index has: `loop.index0 + 1`."""
    constants = list(sum_of.find_all(nodes.Const))
    return bool(constants) and all(isinstance(it.value, int | float) for it in constants)
