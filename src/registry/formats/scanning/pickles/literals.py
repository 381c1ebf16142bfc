"""What the opcodes do that put a constant, a number or a text on the stack."""

import codecs
import struct

from registry.formats.scanning.pickles.endings import Broken
from registry.formats.scanning.pickles.machine import Machine
from registry.formats.scanning.pickles.values import PLAIN, Bytes, Value

MAX_TEXT_BYTES = 256
MAX_NUMBER_BYTES = 32
_MIN_FILE_BYTES = 12


def constant(machine: Machine, *, value: Value) -> None:
    machine.stack.append(value)


def plain(machine: Machine, *, skip: int) -> None:
    machine.reader.skip(skip)
    machine.stack.append(PLAIN)


def number(machine: Machine, *, form: struct.Struct) -> None:
    machine.stack.append(form.unpack(machine.reader.take(form.size))[0])


def sized(machine: Machine, *, length_bytes: int, text: bool = False) -> None:
    """Text or bytes after their length; only short text can name anything."""
    length = int.from_bytes(machine.reader.take(length_bytes), "little")
    if not text or length > MAX_TEXT_BYTES:
        start = machine.reader.offset
        machine.reader.skip(length)
        machine.stack.append(PLAIN if text or length < _MIN_FILE_BYTES else Bytes(start, length))
        return
    data = machine.reader.take(length)
    machine.stack.append(data.decode("utf-8", "replace"))


def long(machine: Machine, *, length_bytes: int) -> None:
    length = int.from_bytes(machine.reader.take(length_bytes), "little")
    if length > MAX_NUMBER_BYTES:
        machine.reader.skip(length)
        machine.stack.append(PLAIN)
    else:
        machine.stack.append(int.from_bytes(machine.reader.take(length), "little", signed=True))


def short_line(machine: Machine) -> bytes:
    """A line that matters: what it holds must be short."""
    return machine.reader.short_line()


def integer(machine: Machine) -> None:
    line = machine.reader.line()
    if line is None or len(line) > MAX_NUMBER_BYTES:
        machine.stack.append(PLAIN)
    else:
        machine.stack.append(
            int(line.strip().rstrip(b"L") or b"0", 0 if line[:2].lower() in (b"0x", b"0o", b"0b") else 10)
        )


def floating(machine: Machine) -> None:
    float(short_line(machine))
    machine.stack.append(PLAIN)


def string(machine: Machine) -> None:
    line = machine.reader.line()
    if line is None:
        machine.stack.append(PLAIN)
        return
    line = line.strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise Broken
    data, _ = codecs.escape_decode(line[1:-1])
    machine.stack.append(_text(bytes(data)))


def unicode(machine: Machine) -> None:
    line = machine.reader.line()
    if line is None:
        machine.stack.append(PLAIN)
    else:
        text = codecs.raw_unicode_escape_decode(line)[0]
        machine.stack.append(text if len(text) <= MAX_TEXT_BYTES else PLAIN)


def _text(data: bytes) -> Value:
    return data.decode("latin-1") if len(data) <= MAX_TEXT_BYTES else PLAIN
