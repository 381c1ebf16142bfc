"""Scanning pickles by two independent readers, picklescan and fickling. Nothing is ever unpickled.

A pickle is a program, so loading one runs what its author wrote. Scanners miss things; their findings are evidence, and
no finding is no proof: the safe form is safetensors.
"""

import io
import logging
import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from registry.domain.evidence import SafetyFinding

MAX_PICKLE_BYTES = 16 * 1024 * 1024
MAX_OPCODES = 300_000
MAX_OPCODES_FOR_FICKLING = 30_000
MAX_MEMBERS = 10_000
MAX_MEMBER_PICKLES = 50
_PROTOCOL_2 = 0x80
_UNREADABLE = "unknown"  # what picklescan writes for a module or name that the opcodes do not hold as text
_NUMPY = b"\x93NUMPY"
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".npy")
_ZIP = b"PK\x03\x04"
_CALLS = ("REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ")
_PERHAPS_TEXT = (pickletools.pyunicode, pickletools.pybytes_or_str, pickletools.anyobject)


def scanned_bytes(start: bytes, size: int) -> int:
    """How many bytes of a model file `scan_pickles` looks at, by the file's first eight."""
    return size if start.startswith(_ZIP) else min(size, MAX_PICKLE_BYTES)


def scan_pickles(path: str, file: IO[bytes]) -> list[SafetyFinding]:
    """The findings in a model file: a pickle, several in a row (PyTorch's old form), or a zip with pickles in it."""
    start = file.read(8)
    file.seek(0)
    if not start.startswith(_ZIP):
        return _scan_stream(path, file.read(MAX_PICKLE_BYTES))
    try:
        return [finding for name, data in _zipped(file) for finding in _scan_stream(f"{path}:{name}", data)]
    except _TooMany as error:
        return [SafetyFinding(path, "registry", "suspicious", str(error))]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        return [SafetyFinding(path, "registry", "suspicious", f"a damaged zip: {type(error).__name__}")]


class _TooMany(Exception):
    """More inside a model file than is looked at."""


def _zipped(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The pickles in a zip, by their names and by their first byte."""
    found = 0
    with zipfile.ZipFile(file) as archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise _TooMany("too many members to look at")
        for info in archive.infolist():
            with archive.open(info) as member:
                data = member.read(2)
                named = info.filename.lower().endswith(_PICKLE_NAMES)
                if not named and not (len(data) == 2 and data[0] == _PROTOCOL_2 and data[1] <= 5):
                    continue
                found += 1
                if found > MAX_MEMBER_PICKLES:
                    raise _TooMany("too many pickles to look at")
                yield info.filename, data + member.read(MAX_PICKLE_BYTES)


def _scan_stream(path: str, data: bytes) -> list[SafetyFinding]:
    if data.startswith(_NUMPY):
        header_length = int.from_bytes(data[8:10] if data[6:7] == b"\x01" else data[8:12], "little")
        header_end = (10 if data[6:7] == b"\x01" else 12) + header_length
        if b"O" not in data[:header_end]:
            return []  # numbers only: there is no pickle in it
        data = data[header_end:]
    opcodes, pickles = _count_opcodes(data)
    if opcodes > MAX_OPCODES:
        return [SafetyFinding(path, "registry", "suspicious", f"over {MAX_OPCODES:,} opcodes: not analysed")]
    found = _picklescan(path, data)
    if not pickles and not found:
        return []  # not a pickle at all: weights of another format under a name that pickles use
    if opcodes <= MAX_OPCODES_FOR_FICKLING:
        found += _fickling(path, data)
    return found or [
        SafetyFinding(path, "registry", "info", "a pickle without findings; safetensors would hold no code")
    ]


def _count_opcodes(data: bytes) -> tuple[int, int]:
    """(opcodes up to the first that is none, whole pickles); stops over the limit: the scanners keep all in memory."""
    count = pickles = 0
    stream = io.BytesIO(data)
    while stream.tell() < len(data):
        try:
            for _ in pickletools.genops(stream):
                count += 1
                if count > MAX_OPCODES:
                    return count, pickles
        except Exception:  # noqa: BLE001 - crafted bytes raise all sorts of errors
            break
        pickles += 1
    return count, pickles


def _reaches_import(data: bytes) -> bool:
    """Whether loading these bytes gets as far as an import, the first thing in a pickle that can run code.

    Follows the kinds of the values on the stack, not the values. Bytes of another format often hold a few valid
    opcodes, with an import among them for which the stack has nothing.
    """
    stream = io.BytesIO(data)
    try:
        while stream.tell() < len(data):
            stack: list[pickletools.StackObject] = []
            memo: dict[object, pickletools.StackObject] = {}
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name == "STACK_GLOBAL":
                    return stack[-1] in _PERHAPS_TEXT and stack[-2] in _PERHAPS_TEXT
                if opcode.name in ("GLOBAL", "INST"):
                    return True
                if opcode.name in _CALLS:
                    return False  # nothing has been imported that could be called
                _apply(opcode, argument, stack, memo)
    except Exception:  # noqa: BLE001 - crafted bytes raise all sorts of errors, and so does loading them
        return False
    return False


def _apply(
    opcode: pickletools.OpcodeInfo,
    argument: object,
    stack: list[pickletools.StackObject],
    memo: dict[object, pickletools.StackObject],
) -> None:
    """Do to the stack what the opcode does. Raises where loading would: an empty stack, no such mark or memo entry."""
    if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif opcode.name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif opcode.name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif opcode.name == "DUP":
        stack.append(stack[-1])
    else:
        for kind in reversed(opcode.stack_before):
            if kind is pickletools.stackslice:
                while stack[-1] is not pickletools.markobject:
                    stack.pop()
            else:
                stack.pop()
        stack.extend(opcode.stack_after)


def _picklescan(path: str, data: bytes) -> list[SafetyFinding]:
    from picklescan.scanner import SafetyLevel, scan_pickle_bytes

    # It logs each finding as a warning, which would fill the service's log with strangers' text.
    logging.getLogger("picklescan").setLevel(logging.CRITICAL)
    severities = {SafetyLevel.Dangerous: "dangerous", SafetyLevel.Suspicious: "suspicious"}
    try:
        result = scan_pickle_bytes(io.BytesIO(data), path)
    except Exception as error:  # noqa: BLE001 - crafted bytes raise all sorts of errors
        return [SafetyFinding(path, "picklescan", "suspicious", f"cannot be analysed: {type(error).__name__}")]
    told = [
        (severities[found.safety], f"{found.module}.{found.name}")
        for found in sorted(result.globals, key=lambda it: (str(it.module), str(it.name)))[:20]
        if found.safety in severities
    ]
    if any(_UNREADABLE in name for _, name in told) and not _reaches_import(data):
        told = [("suspicious" if _UNREADABLE in name else severity, name) for severity, name in told]
    return [SafetyFinding(path, "picklescan", severity, f"imports {name}"[:200]) for severity, name in told]


def _fickling(path: str, data: bytes) -> list[SafetyFinding]:
    from fickling.analysis import Severity, check_safety
    from fickling.fickle import StackedPickle

    try:
        results = [check_safety(pickle) for pickle in StackedPickle.load(data, fail_on_decode_error=False)]
        severity = max((result.severity for result in results), default=Severity.LIKELY_SAFE)
        if severity < Severity.LIKELY_UNSAFE:
            return []
        told = next(str(found) for result in results for found in result.results if found.severity == severity)
    except Exception as error:  # noqa: BLE001 - crafted bytes raise all sorts of errors
        return [SafetyFinding(path, "fickling", "suspicious", f"cannot be analysed: {type(error).__name__}")]
    dangerous = severity >= Severity.LIKELY_OVERTLY_MALICIOUS
    return [SafetyFinding(path, "fickling", "dangerous" if dangerous else "suspicious", told[:200])]
