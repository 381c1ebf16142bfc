"""TensorFlow graphs and ONNX models: operations that reach files, and data outside the model's folder.

Both are Protocol Buffers. A name is a tag, a length and the text, so that it can be found wherever it is nested;
lengths may be written with padding, which readers accept.
"""

import re

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.places import leads_outside
from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

_RUNS = (
    "PyFunc",
    "PyFuncStateless",
    "EagerPyFunc",
    "ReadFile",
    "WriteFile",
    "DeleteFile",
    "RemoteCall",
    "Rpc",
    "TryRpc",
)
_READS = (
    *("MatchingFiles", "WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2", "ImportEvent"),
    *("FixedLengthRecordReader", "FixedLengthRecordReaderV2", "TFRecordReader", "TFRecordReaderV2", "SqlDataset"),
    *("TextLineDataset", "FixedLengthRecordDataset", "TFRecordDataset", "CSVDataset", "ExperimentalCSVDataset"),
    *("CreateSummaryFileWriter", "CreateSummaryDbWriter", "SaveDatasetV2"),
)
_OVERLAP = 4096
_MAX_PATH_BYTES = 2048


def _field(text: bytes) -> bytes:
    """A pattern for a length and the text, however the length is written."""
    length = len(text)
    padded = re.escape(bytes([length | 0x80])) + rb"\x80{0,8}\x00"
    return rb"(?:" + re.escape(bytes([length])) + rb"|" + padded + rb")" + re.escape(text)


_OPERATION = re.compile(rb"\x12(?:" + b"|".join(_field(name.encode()) for name in (*_RUNS, *_READS)) + rb")", re.DOTALL)
_LOCATION = re.compile(rb"\x0a" + _field(b"location"), re.DOTALL)
_TEXT_OPERATION = re.compile(rb'\bop:\s*"(' + "|".join((*_RUNS, *_READS)).encode() + rb')"')
_NAME = re.compile(rb"[A-Za-z]\w+\Z")


def scan_protobuf(walk: Walk, path: str, source: Source) -> None:
    """Any file may be one: neither TensorFlow's nor ONNX's files begin with a mark."""
    for _, data in source.pieces(overlap=_OVERLAP):
        for match in _OPERATION.finditer(data):
            _say_operation(walk, path, _NAME.search(match[0]))
        for match in _LOCATION.finditer(data):
            for place in _values(data, match.start(), match.end()):
                if leads_outside(place):
                    detail = f"its weights are read from outside its folder: {place[:150]}"
                    walk.say(path, "onnx", FindingLevel.DANGEROUS, detail)


def scan_text_graph(walk: Walk, path: str, source: Source) -> None:
    """A graph in Protocol Buffers' text form (.pbtxt)."""
    for _, data in source.pieces(overlap=_OVERLAP):
        for match in _TEXT_OPERATION.finditer(data):
            _say_operation(walk, path, _NAME.search(match[1]))


def _say_operation(walk: Walk, path: str, found: re.Match[bytes] | None) -> None:
    name = found[0].decode() if found else ""
    level = FindingLevel.DANGEROUS if name in _RUNS else FindingLevel.SUSPICIOUS
    what = "runs Python" if "PyFunc" in name else "reaches files or the network"
    walk.say(path, "tensorflow", level, f"its graph has the operation {name}, which {what}")


def _values(data: bytes, start: int, end: int) -> list[str]:
    """The value that belongs to the key `location`: the field after it, or before it."""
    found = []
    if data[end : end + 1] == b"\x12":
        length, at = _varint(data, end + 1)
        if 0 < length <= _MAX_PATH_BYTES:
            found.append(data[at : at + length].decode("utf-8", "replace"))
    before = range(1, min(0x7F, start - 2) + 1)
    lengths = (n for n in before if data[start - n - 1] == n and data[start - n - 2] == 0x12)
    found.extend(data[start - n : start].decode("utf-8", "replace") for n in lengths)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 63:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    return 0, at
