"""Files of model formats that carry code, or refer to it, and files that no reader here can read."""

import base64
import io
import json
import struct
import zipfile

from trust.containers import zipped
from trust.hiding import HARMLESS, SIMPLE

HOSTILE_TEMPLATE = "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}"
_CODE = base64.b64encode(b"\xe3\x01\x00\x00\x00" + bytes(20)).decode() + "\n"


def _layers(layer: dict[str, object]) -> bytes:
    dense = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 1}}
    return json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": [dense, layer]}}).encode()


OLD_LAMBDA = _layers({"class_name": "Lambda", "config": {"function": [_CODE, None, None], "function_type": "lambda"}})
NEW_LAMBDA = _layers(
    {
        "class_name": "Lambda",
        "module": "keras.layers",
        "config": {"function": {"class_name": "__lambda__", "config": {"code": _CODE}}},
    }
)
FOREIGN_FUNCTION = _layers(
    {"class_name": "function", "module": "os", "config": "system", "registered_name": "function"}
)
FETCHING = _layers({"class_name": "function", "module": "keras.utils", "config": "get_file"})
VOCABULARY = _layers({"class_name": "StringLookup", "module": "keras.layers", "config": {"vocabulary": "/etc/passwd"}})


def torch_layer(data: bytes) -> bytes:
    """Keras' layer for a module of PyTorch, which it keeps as base64."""
    text = base64.b64encode(data).decode()
    return _layers({"class_name": "TorchModuleWrapper", "module": "keras.layers", "config": {"module": text}})


def hdf5(config: bytes) -> bytes:
    """As much of HDF5 as an attribute needs to be found: its name, and its text in one piece."""
    return b"\x89HDF\r\n\x1a\n" + bytes(88) + b"model_config\x00\x00\x00\x00" + bytes(64) + config + bytes(600)


def keras(config: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config)
    return file.getvalue()


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field of Protocol Buffers."""
    length, encoded = len(data), b""
    while length > 0x7F:
        encoded, length = encoded + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + encoded + bytes([length]) + data


def saved_model(operation: str) -> bytes:
    node = field(1, b"read") + field(2, operation.encode())
    return b"\x08\x01" + field(2, field(2, field(1, node)))


def onnx(location: str) -> bytes:
    data = field(13, field(1, b"location") + field(2, location.encode()))
    return b"\x08\x09" + field(7, field(5, b"\x08\x02\x10\x01" + field(8, b"w") + data) + field(2, b"graph"))


def gguf(template: str) -> bytes:
    def string(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    tokens = string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + string("a") + string("b")
    pair = string("tokenizer.chat_template") + struct.pack("<I", 8) + string(template)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + tokens + pair


def wheel(path: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(path, data)
        archive.writestr("acme-1.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return file.getvalue()


def encrypted() -> bytes:
    whole = bytearray(zipped(SIMPLE))
    for mark, shift in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(mark) + shift] |= 1
    return bytes(whole)


def unknown_method() -> bytes:
    whole = bytearray(zipped(SIMPLE))
    for mark, shift in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        whole[whole.index(mark) + shift] = 98
    return bytes(whole)


def nested(depth: int) -> bytes:
    data = SIMPLE
    for _ in range(depth):
        data = zipped(data, "inner.zip")
    return data


MODELS: tuple[tuple[str, str, bytes], ...] = (
    ("a Lambda layer with code (.keras)", "m.keras", keras(NEW_LAMBDA)),
    ("a layer that names os.system (.keras)", "m.keras", keras(FOREIGN_FUNCTION)),
    ("a Lambda layer with code (.h5)", "m.h5", hdf5(OLD_LAMBDA)),
    ("a Lambda layer in JSON alone", "model.json", OLD_LAMBDA),
    ("a SavedModel that reads files", "saved_model.pb", saved_model("ReadFile")),
    ("a SavedModel that writes files", "saved_model.pb", saved_model("WriteFile")),
    ("a SavedModel that runs Python", "saved_model.pb", saved_model("PyFunc")),
    ("a SavedModel that lists files", "saved_model.pb", saved_model("MatchingFiles")),
    ("ONNX data outside its folder", "m.onnx", onnx("../../etc/passwd")),
    ("ONNX data under an absolute path", "m.onnx", onnx("/etc/passwd")),
    ("ONNX data in its folder", "m.onnx", onnx("weights/m.onnx_data")),
    ("a chat template that reads `__class__` (GGUF)", "m.gguf", gguf(HOSTILE_TEMPLATE)),
    (
        "a chat template that reads `__class__` (JSON)",
        "tokenizer_config.json",
        json.dumps({"chat_template": HOSTILE_TEMPLATE}).encode(),
    ),
    ("a chat template that reads `__class__` (Jinja)", "chat_template.jinja", HOSTILE_TEMPLATE.encode()),
    ("a chat template with `attr`", "chat_template.jinja", b"{{ messages | attr('__cl' ~ 'ass__') }}"),
    (
        "a chat template with a name in parts",
        "chat_template.jinja",
        b"{% set a = '_' %}{{ ''[a + a + 'class' + a + a] }}",
    ),
    ("a chat template that calls what it looks up", "chat_template.jinja", b"{% set f = x[y] %}{{ f('id') }}"),
    ("a layer of PyTorch that holds a call (.keras)", "m.keras", keras(torch_layer(SIMPLE))),
    ("a layer of PyTorch that holds tensors (.keras)", "m.keras", keras(torch_layer(HARMLESS))),
    ("a layer that fetches a file (.keras)", "m.keras", keras(FETCHING)),
    ("a vocabulary outside its folder (.keras)", "m.keras", keras(VOCABULARY)),
    ("a Lambda layer in UTF-16 (.keras)", "m.keras", keras(NEW_LAMBDA.decode().encode("utf-16-le"))),
    ("`auto_map`", "config.json", b'{"auto_map": {"AutoModel": "modeling_acme.AcmeModel"}}'),
    ("a path file that imports and calls", "acme.whl", wheel("acme.pth", b"import os; os.system('echo')\n")),
    ("a path file that imports", "acme.whl", wheel("acme.pth", b"import acme_hook\n")),
    ("a path file with odd line ends", "acme.whl", wheel("acme.pth", b"# path\x0cimport os; os.system('echo')\n")),
    ("a start file that calls os.system", "acme.whl", wheel("acme.start", b"os:system\n")),
    ("a start file", "acme.whl", wheel("acme.start", b"acme.hooks:start\n")),
    ("a module that Python imports at its start", "acme.whl", wheel("sitecustomize.py", b"import acme\n")),
    ("YAML that calls os.system", "config.yaml", b"a: !!python/object/apply:os.system ['echo']\n"),
    ("an encrypted file in a zip", "m.zip", encrypted()),
    ("an unknown compression in a zip", "m.zip", unknown_method()),
    ("a pickle four archives deep", "m.zip", nested(4)),
    ("LZ4, damaged", "m.pkl.lz4", b"\x04\x22\x4d\x18" + bytes(20)),
    ("LZ4, its old form", "m.pkl.lz4", b"\x02\x21\x4c\x18" + bytes(20)),
    ("Zstandard, cut", "m.pkl.zst", b"\x28\xb5\x2f\xfd" + bytes(20)),
    ("7z", "m.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20)),
    ("a compiled library in a wheel", "acme.whl", wheel("acme/_c.so", b"\x7fELF\x02\x01" + bytes(40))),
    ("Windows code in a wheel", "acme.whl", wheel("acme/_c.pyd", b"MZ\x90\x00" + bytes(40))),
    ("compiled Python", "m.pyc", b"\xa7\r\r\n\x00\x00\x00\x00" + bytes(40)),
    ("compiled Java", "m.jar", zipped(b"\xca\xfe\xba\xbe\x00\x00\x00\x34", "M.class")),
    ("bytes of no known form, named as a pickle", "m.pkl", b"\x07\x9c\x01\xff" * 30),
)
"""(what it is, file name, bytes)."""
