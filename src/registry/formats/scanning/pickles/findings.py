"""Turns what a pickle does into findings, by the policy."""

from collections.abc import Callable
from typing import ClassVar

from registry.domain.safety import FindingLevel
from registry.formats.scanning.pickles.policy import (
    BY_VALUE,
    CALLERS,
    MODULES_BY_NAME,
    NESTED_LOADERS,
    TYPES_BY_NAME,
    Judgement,
    judge,
    may_be_made,
    may_be_named,
    may_be_passed,
    modern_name,
)
from registry.formats.scanning.pickles.values import PLAIN, UNKNOWN, Box, Bytes, Global, Made, Unknown, Value

_DANGEROUS, _SUSPICIOUS = FindingLevel.DANGEROUS, FindingLevel.SUSPICIOUS
_MAX_TEXT = 200
_MAX_LOOKED = 300
_MAX_NAMES = 10_000
_MAX_FILES = 10_000

Report = Callable[[FindingLevel, str], None]


def is_denied(value: Value) -> bool:
    if not isinstance(value, Global):
        return False
    return value.module is None or value.name is None or judge(value.module, value.name) is Judgement.DENIED


def carried(value: Value) -> Global | None:
    """A denied global that `value` is or holds. What was put in late is found a few levels down, not everywhere."""
    waiting, looked = [value], 0
    while waiting and looked < _MAX_LOOKED:
        looked += 1
        item = waiting.pop()
        if isinstance(item, Global):
            if is_denied(item) and not _may_be_passed(item):
                return item
        elif isinstance(item, Box | Made):
            inner = item.arguments if isinstance(item, Made) else item
            if found := item.carried or inner.carried:
                return found
            waiting.extend(inner.items or ())
    return None


def _may_be_passed(value: Global) -> bool:
    return value.module is not None and value.name is not None and may_be_passed(value.module, value.name)


_RECONSTRUCTORS = ("copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__")
_ATTRIBUTES_LATER = ("operator.attrgetter", "_operator.attrgetter", "operator.methodcaller", "_operator.methodcaller")


class Effects:
    """The rules for each thing that a pickle can do. Every method returns the value that the action gives."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._named: dict[Global, None] = {}
        self._used: set[Global] = set()
        self.acts = False
        self.files: dict[Bytes, None] = {}

    def imports(self, found: Global) -> Global:
        """A name is imported. What becomes of it decides; what nothing becomes of is judged by `finish`."""
        if len(self._named) < _MAX_NAMES:
            self._named.setdefault(found)
        return found

    def _use(self, found: Global) -> None:
        if len(self._used) < _MAX_NAMES:
            self._used.add(found)

    def calls(self, function: Value, arguments: Box) -> Value:
        """REDUCE, OBJ and INST."""
        self.acts = True
        if isinstance(function, Made):
            return self._calls_made(function, arguments)
        if isinstance(function, Unknown):
            found = carried(arguments)
            self._say(
                _DANGEROUS if found else _SUSPICIOUS, f"hands {found or 'values'} to a call that cannot be followed"
            )
            return Made(None, arguments)
        if not isinstance(function, Global):
            raise NotCallable
        special = self._special.get(_path(function))
        if special is not None:
            self._use(function)
            return special(self, function, arguments)
        if BY_VALUE.fullmatch(_path(function)):
            self._use(function)
            return self._code(function, arguments)
        return self._calls_global(function, arguments)

    def makes(self, kind: Value, arguments: Box) -> Value:
        """NEWOBJ: an instance of a class, without `__init__`."""
        self.acts = True
        if not isinstance(kind, Global):
            return self.calls(kind, arguments)
        self._use(kind)
        if kind.module is not None and kind.name is not None and may_be_made(kind.module, kind.name):
            self._say_carried(kind, arguments)
            return Made(kind, arguments, carried(arguments))
        return self._calls_global(kind, arguments)

    def fills(self, target: Value, state: Value) -> None:
        """BUILD, and items put into what is no plain container."""
        self.acts = True
        if isinstance(target, Global):
            level = _DANGEROUS if is_denied(target) or carried(state) else _SUSPICIOUS
            self._say(level, f"changes {target}")
        elif found := carried(state):
            self._say(_DANGEROUS, f"hands {found} to an object")
        if isinstance(target, Made) and isinstance(state, Box):
            target.state = state

    def finish(self) -> None:
        """The end of the stream: judge names that were imported and never called."""
        for found in self._named:
            if found in self._used or _may_be_passed(found):
                continue
            if is_denied(found):
                self._say(_SUSPICIOUS, f"imports {found}")
            elif found.module is not None and found.name is not None and not may_be_named(found.module, found.name):
                self._say(_SUSPICIOUS, f"imports {found}, which is not known")

    def _calls_global(self, function: Global, arguments: Box) -> Value:
        self._use(function)
        if is_denied(function):
            self._say(_DANGEROUS, f"calls {function}")
        elif judge(str(function.module), str(function.name)) is Judgement.UNKNOWN:
            self._say(_SUSPICIOUS, f"calls {function}, which is not known")
            self._say_carried(function, arguments)
        else:
            self._say_carried(function, arguments)
        return Made(function, arguments, carried(arguments))

    def _calls_made(self, function: Made, arguments: Box) -> Value:
        """A call of what an earlier call gave."""
        maker = function.maker
        if maker is not None and _path(maker) == "functools.partial" and (inner := function.arguments.items):
            return self.calls(inner[0], Box([*inner[1:], *(arguments.items or ())], carried(arguments)))
        if maker is not None and _path(maker) in TYPES_BY_NAME:
            return self._code(maker, arguments)
        bad = (function.carried or carried(arguments)) is not None or (maker is not None and is_denied(maker))
        self._say(_DANGEROUS if bad else _SUSPICIOUS, f"calls what {maker or 'an unknown call'} returned")
        return Made(maker, arguments, carried(arguments) or function.carried)

    def _getattr(self, function: Global, arguments: Box) -> Value:
        """An attribute of a class is a name like any other: bound methods and enum members are pickled so."""
        owner, name = (arguments.items or [PLAIN, PLAIN])[:2] if len(arguments.items or ()) >= 2 else (PLAIN, PLAIN)
        if isinstance(owner, Global) and owner.name is not None and isinstance(name, str):
            return self.imports(Global(owner.module, f"{owner.name}.{name}"))
        if isinstance(name, str) and judge("acme", name) is not Judgement.DENIED:
            return Made(Global("acme", name), arguments, carried(arguments))
        self._say(
            _DANGEROUS, f"takes the attribute {name if isinstance(name, str) else 'of a computed name'} by {function}"
        )
        return Made(function, arguments, Global(None, None))

    def _named_function(self, _function: Global, arguments: Box) -> Value:
        """numpy's way to pickle a ufunc: imports a module and takes a name from it."""
        items = arguments.items or []
        module, name = (items[0], items[1]) if len(items) == 2 else (PLAIN, PLAIN)
        return self.imports(
            Global(module if isinstance(module, str) else None, name if isinstance(name, str) else None)
        )

    def _reconstructor(self, function: Global, arguments: Box) -> Value:
        """Protocols 0 and 1, and `__newobj__` by name: the first argument is the class.

        `_reconstructor` calls `__init__` of the second argument, unless it is `object`.
        """
        items = arguments.items or [UNKNOWN]
        base = items[1] if len(items) == 3 and function.name == "_reconstructor" else None
        if isinstance(base, Global) and _path(base) != "builtins.object":
            self.calls(base, Box(items[2:], arguments.carried))
        return self.makes(items[0], Box(items[1:], arguments.carried))

    def _loader(self, function: Global, arguments: Box) -> Value:
        """A file inside the stream: PyTorch writes a storage so when it is pickled by `pickle`."""
        inner = arguments.items[0] if arguments.items else PLAIN
        if isinstance(inner, Bytes) and len(self.files) < _MAX_FILES:
            self.files[inner] = None
        else:
            self._say(_SUSPICIOUS, f"loads by {function} what cannot be read here")
        return Made(function, arguments)

    def _caller(self, function: Global, arguments: Box) -> Value:
        items = arguments.items or []
        called = items[2] if len(items) > 2 else PLAIN
        self._say_carried(function, arguments)
        if items and isinstance(called, Box):
            self.calls(items[0], called)
        return Made(function, arguments, carried(arguments))

    def _chain(self, function: Global, arguments: Box) -> Value:
        """Takes an attribute or calls a method later, when the result is called."""
        self._say(_SUSPICIOUS, f"makes a {function}")
        return Made(function, arguments, Global("operator", str(function.name)))

    def _code(self, function: Global, arguments: Box) -> Value:
        """A function or class by value: its code runs when somebody calls it, or the stream does."""
        self._say(_SUSPICIOUS, f"holds a function's code, made by {function}")
        return Made(function, arguments)

    def _module(self, _function: Global, arguments: Box) -> Value:
        """A module that a function by value uses."""
        name = arguments.items[0] if arguments.items else PLAIN
        return self.imports(Global(name if isinstance(name, str) else None, ""))

    def _say_carried(self, function: Global, arguments: Box) -> None:
        if found := carried(arguments):
            self._say(_DANGEROUS, f"hands {found} to {function}")

    def _say(self, level: FindingLevel, text: str) -> None:
        self._report(level, text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…")

    _special: ClassVar[dict[str, Callable[["Effects", Global, Box], Value]]] = {
        "builtins.getattr": _getattr,
        "numpy.core._ufunc_reconstruct": _named_function,
        "numpy.core._internal._ufunc_reconstruct": _named_function,
        **dict.fromkeys(_RECONSTRUCTORS, _reconstructor),
        **dict.fromkeys(_ATTRIBUTES_LATER, _chain),
        **dict.fromkeys(MODULES_BY_NAME, _module),
        **dict.fromkeys(NESTED_LOADERS, _loader),
        **dict.fromkeys(CALLERS, _caller),
    }


class NotCallable(Exception):
    """The stream calls a number or text: loading it fails here."""


def _path(found: Global) -> str:
    if found.module is None or found.name is None:
        return ""
    return ".".join(modern_name(found.module, found.name))
