"""What each opcode does. The table is indexed by the opcode's byte; None where there is no such opcode.

Every protocol from 0 to 5 is one language: the unpickler ignores which one a stream claims.
"""

import struct
from functools import partial

from registry.formats.scanning.pickles.endings import Broken, Stopped
from registry.formats.scanning.pickles.literals import (
    MAX_NUMBER_BYTES,
    constant,
    floating,
    integer,
    long,
    number,
    plain,
    short_line,
    sized,
    string,
    unicode,
)
from registry.formats.scanning.pickles.machine import Action, Machine
from registry.formats.scanning.pickles.values import PLAIN, Box, Bytes, Global, Unknown, Value

_MAX_VISITED = 1_000_000


def _stop(machine: Machine) -> None:
    machine.pop()
    raise Stopped


def _proto(machine: Machine) -> None:
    _visit(machine)
    if machine.reader.byte() > 5:
        raise Broken


def _visit(machine: Machine) -> None:
    """Remember the place of this opcode: no search needs to begin here again."""
    if len(machine.budget.visited) < _MAX_VISITED:
        machine.budget.visited.add(machine.reader.offset - 1)


def _persistent_line(machine: Machine) -> None:
    short_line(machine)
    machine.stack.append(PLAIN)


def _persistent(machine: Machine) -> None:
    """The loader decides what it is; PyTorch puts a storage here."""
    machine.stack.append(Box(None, machine.box([machine.pop()]).carried))


def _extension(machine: Machine, *, length_bytes: int) -> None:
    """A name from the registry of extensions, which another module may fill."""
    code = int.from_bytes(machine.reader.take(length_bytes), "little")
    machine.stack.append(machine.effects.imports(Global("copyreg", f"extension {code}")))


def _name(machine: Machine) -> Global:
    _visit(machine)
    module, name = short_line(machine), short_line(machine)
    return machine.effects.imports(Global(module.decode("utf-8", "replace"), name.decode("utf-8", "replace")))


def _global(machine: Machine) -> None:
    machine.stack.append(_name(machine))


def _stack_global(machine: Machine) -> None:
    _visit(machine)
    name, module = machine.pop(), machine.pop()
    if isinstance(name, int | Bytes) or isinstance(module, int | Bytes):
        raise Broken
    machine.stack.append(machine.effects.imports(Global(_part(module), _part(name))))


def _part(value: Value) -> str | None:
    """None where the stream computes it, a question mark where reading began too late to see it."""
    if isinstance(value, Unknown):
        return "?"
    return value if isinstance(value, str) else None


def _inst(machine: Machine) -> None:
    found = _name(machine)
    machine.call(found, machine.box(machine.pop_mark()))


def _obj(machine: Machine) -> None:
    items = machine.pop_mark()
    if not items:
        raise Broken
    machine.call(items[0], machine.box(items[1:]))


def _reduce(machine: Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    machine.call(function, arguments)


def _newobj(machine: Machine) -> None:
    arguments, kind = machine.pop(), machine.pop()
    machine.make(kind, arguments)


def _newobj_ex(machine: Machine) -> None:
    keywords, arguments, kind = machine.pop(), machine.pop(), machine.pop()
    items = arguments.items if isinstance(arguments, Box) else None
    machine.make(kind, machine.box([*items, keywords] if items is not None else [arguments, keywords]))


def _build(machine: Machine) -> None:
    machine.build()


def _mark(machine: Machine) -> None:
    machine.marks.append(len(machine.stack))
    if len(machine.marks) > _MAX_VISITED:
        raise Broken


def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _pop_mark(machine: Machine) -> None:
    machine.pop_mark()


def _dup(machine: Machine) -> None:
    machine.stack.append(machine.top())


def _empty(machine: Machine) -> None:
    machine.budget.containers -= 1
    machine.stack.append(Box())


def _collect(machine: Machine) -> None:
    machine.stack.append(machine.box(machine.pop_mark()))


def _tuple(machine: Machine, *, length: int) -> None:
    items = [machine.pop() for _ in range(length)]
    machine.stack.append(machine.box(items[::-1]))


def _append(machine: Machine, *, count: int) -> None:
    items = [machine.pop() for _ in range(count)]
    machine.add(machine.top(), items[::-1])


def _extend(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.add(machine.top(), items)


def _put_line(machine: Machine) -> None:
    machine.memo.put(_index(machine), machine.top())


def _get_line(machine: Machine) -> None:
    machine.stack.append(machine.recall(_index(machine)))


def _index(machine: Machine) -> int:
    line = short_line(machine)
    if len(line) > MAX_NUMBER_BYTES or (index := int(line)) < 0:
        raise Broken
    return index


def _put(machine: Machine, *, length_bytes: int) -> None:
    machine.memo.put(int.from_bytes(machine.reader.take(length_bytes), "little"), machine.top())


def _get(machine: Machine, *, length_bytes: int) -> None:
    machine.stack.append(machine.recall(int.from_bytes(machine.reader.take(length_bytes), "little")))


def _memoize(machine: Machine) -> None:
    if machine.missing is None:  # otherwise nobody knows how many came before
        machine.memo.append(machine.top())


def _frame(machine: Machine) -> None:
    machine.reader.skip(8)


def _nothing(_machine: Machine) -> None:
    pass


_ACTIONS: dict[bytes, Action] = {
    b".": _stop, b"(": _mark, b"0": _pop, b"1": _pop_mark, b"2": _dup,
    b"F": floating, b"I": integer, b"L": integer, b"S": string, b"V": unicode,
    b"J": partial(number, form=struct.Struct("<i")), b"K": partial(number, form=struct.Struct("<B")),
    b"M": partial(number, form=struct.Struct("<H")), b"G": partial(plain, skip=8),
    b"\x8a": partial(long, length_bytes=1), b"\x8b": partial(long, length_bytes=4),
    b"N": partial(constant, value=PLAIN), b"\x88": partial(constant, value=1), b"\x89": partial(constant, value=0),
    b"T": partial(sized, length_bytes=4, text=True), b"U": partial(sized, length_bytes=1, text=True),
    b"X": partial(sized, length_bytes=4, text=True), b"\x8c": partial(sized, length_bytes=1, text=True),
    b"\x8d": partial(sized, length_bytes=8, text=True), b"B": partial(sized, length_bytes=4),
    b"C": partial(sized, length_bytes=1), b"\x8e": partial(sized, length_bytes=8),
    b"\x96": partial(sized, length_bytes=8), b"\x97": partial(constant, value=PLAIN), b"\x98": _nothing,
    b"P": _persistent_line, b"Q": _persistent,
    b"c": _global, b"\x93": _stack_global, b"i": _inst, b"o": _obj, b"R": _reduce, b"b": _build,
    b"\x81": _newobj, b"\x92": _newobj_ex,
    b"\x82": partial(_extension, length_bytes=1), b"\x83": partial(_extension, length_bytes=2),
    b"\x84": partial(_extension, length_bytes=4),
    b")": _empty, b"]": _empty, b"}": _empty, b"\x8f": _empty,
    b"t": _collect, b"l": _collect, b"d": _collect, b"\x91": _collect,
    b"\x85": partial(_tuple, length=1), b"\x86": partial(_tuple, length=2), b"\x87": partial(_tuple, length=3),
    b"a": partial(_append, count=1), b"s": partial(_append, count=2),
    b"e": _extend, b"u": _extend, b"\x90": _extend,
    b"p": _put_line, b"q": partial(_put, length_bytes=1), b"r": partial(_put, length_bytes=4),
    b"g": _get_line, b"h": partial(_get, length_bytes=1), b"j": partial(_get, length_bytes=4),
    b"\x94": _memoize, b"\x80": _proto, b"\x95": _frame,
}  # fmt: skip
OPCODES: list[Action | None] = [_ACTIONS.get(bytes([code])) for code in range(256)]
