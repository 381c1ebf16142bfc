"""Ways to hide a call in a pickle. The call is harmless (`echo`); the bytes are made by hand and never loaded."""

import io
import struct
import zipfile
from collections.abc import Callable

COMMAND = b"echo owned"


def text(value: str | bytes) -> bytes:
    """SHORT_BINUNICODE."""
    data = value.encode() if isinstance(value, str) else value
    return b"\x8c" + bytes([len(data)]) + data


def named(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def stacked(module: str, name: str) -> bytes:
    """STACK_GLOBAL."""
    return text(module) + text(name) + b"\x93"


def call(function: bytes, *arguments: bytes) -> bytes:
    """REDUCE with these arguments."""
    return function + b"(" + b"".join(arguments) + b"tR"


SYSTEM = named("os", "system")
ECHO = text(COMMAND)
SIMPLE = b"\x80\x02" + call(SYSTEM, b"X" + struct.pack("<I", len(COMMAND)) + COMMAND) + b"."
HARMLESS = b"\x80\x04}" + text("a") + b"K\x01s."
FUNCTION_CODE = b"C\x04\xe3\x00\x00\x00"


def inner_file() -> bytes:
    """BINBYTES with a zip as PyTorch loads it, compressed, so that no search for bytes finds the call in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", SIMPLE)
    return b"B" + struct.pack("<I", len(file.getvalue())) + file.getvalue()


def _calls(module: str, name: str, *arguments: bytes) -> bytes:
    return b"\x80\x04" + call(stacked(module, name), *(arguments or (ECHO,))) + b"."


METHODS: dict[str, bytes] = {
    "protocol 0": b"cos\nsystem\n(S'echo owned'\ntR.",
    "protocol 1": b"cos\nsystem\nq\x00(U\x0aecho ownedq\x01tq\x02Rq\x03.",
    "protocol 2": SIMPLE,
    "protocol 3": b"\x80\x03" + SIMPLE[2:],
    "protocol 4": b"\x80\x04\x95" + struct.pack("<Q", 28) + stacked("os", "system") + ECHO + b"\x85R.",
    "protocol 5": b"\x80\x05" + stacked("posix", "system") + ECHO + b"\x85R.",
    "Windows": _calls("nt", "system"),
    "no protocol opcode": stacked("os", "system") + ECHO + b"\x85R.",
    "INST": b"(S'echo owned'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'echo owned'\no.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + ECHO + b"\x85\x81.",
    "NEWOBJ_EX": b"\x80\x04" + stacked("subprocess", "Popen") + ECHO + b"\x85}\x92.",
    "Python 2 names": _calls("__builtin__", "eval", text("1")),
    "eval": _calls("builtins", "eval", text("1")),
    "exec": _calls("builtins", "exec", text("1")),
    "names from the memo": b"\x80\x04"
    + text("system")
    + b"\x94"
    + text("os")
    + b"\x94"
    + b"h\x01h\x00\x93"
    + ECHO
    + b"\x85R.",
    "sparse memo": b"\x80\x04"
    + text("system")
    + b"r\xff\xff\xff\x00"
    + text("os")
    + b"j\xff\xff\xff\x00\x93"
    + ECHO
    + b"\x85R.",
    "memo index counted wrong": b"Np0\nNp0\n0"
    + text("os")
    + b"\x94"
    + b"0h\x01"
    + text("system")
    + b"\x93"
    + ECHO
    + b"\x85R.",
    "long length of text": b"\x80\x04\x8d" + struct.pack("<Q", 2) + b"os" + text("system") + b"\x93" + ECHO + b"\x85R.",
    "escaped text": b"S'\\x6fs'\nV\\u0073ystem\n\x93(S'echo owned'\ntR.",
    "computed names": text("os")
    + call(named("_codecs", "encode"), text("flfgrz"), text("rot13"))
    + b"\x93"
    + ECHO
    + b"\x85R.",
    "dotted name": _calls("posixpath", "os.system"),
    "dotted name in a harmless module": _calls("random", "_os.system"),
    "getattr of a module": call(call(named("builtins", "getattr"), named("posixpath", "os"), text("system")), ECHO)
    + b".",
    "getattr of sys.modules": call(
        call(
            named("builtins", "getattr"),
            call(call(named("builtins", "getattr"), named("sys", "modules"), text("get")), text("os")),
            text("system"),
        ),
        ECHO,
    )
    + b".",
    "import": call(
        call(named("builtins", "getattr"), call(named("builtins", "__import__"), text("os")), text("system")), ECHO
    )
    + b".",
    "importlib": call(
        call(named("builtins", "getattr"), call(named("importlib", "import_module"), text("os")), text("system")), ECHO
    )
    + b".",
    "partial": call(call(named("functools", "partial"), SYSTEM, ECHO)) + b".",
    "partial that is not called": call(named("functools", "partial"), SYSTEM, ECHO) + b".",
    "map": call(named("builtins", "list"), call(named("builtins", "map"), SYSTEM, b"]" + ECHO + b"a")) + b".",
    "reduce": call(named("functools", "reduce"), SYSTEM, b"]" + ECHO + b"aK\x01a") + b".",
    "methodcaller": call(call(named("operator", "methodcaller"), text("system"), ECHO), named("posixpath", "os"))
    + b".",
    "attrgetter": call(call(named("operator", "attrgetter"), text("system")), named("posixpath", "os"))
    + ECHO
    + b"\x85R.",
    "defaultdict": call(named("collections", "defaultdict"), SYSTEM) + b".",
    "BUILD with __setstate__": b"ctypes\nSimpleNamespace\n)R}(S'__setstate__'\n" + SYSTEM + b"ubS'echo owned'\nb.",
    "BUILD of a module": named("posixpath", "os") + b"}(S'x'\nK\x01ub.",
    "extension registry": named("copyreg", "_inverted_registry")
    + b"K\x05"
    + text("os")
    + text("system")
    + b"\x86s0\x82\x05"
    + ECHO
    + b"\x85R.",
    "another's import": call(stacked("torch._utils", "torch.load"), ECHO) + b".",
    "another's import under its short name": call(stacked("sklearn.tree", "_classes.np.load"), ECHO) + b".",
    "another's private import": stacked("collections", "_sys.modules") + text("json") + text("x") + b"s.",
    "environment": named("os", "environ") + text("LD_PRELOAD") + text("x.so") + b"s.",
    "ufunc by name": call(call(named("numpy.core", "_ufunc_reconstruct"), text("os"), text("system")), ECHO) + b".",
    "_reconstructor": call(named("copyreg", "__newobj__"), named("subprocess", "Popen"), ECHO) + b".",
    "_reconstructor with a base": call(
        named("copyreg", "_reconstructor"), named("sklearn.acme", "Model"), named("subprocess", "Popen"), ECHO
    )
    + b".",
    "iterator": call(named("builtins", "list"), call(named("builtins", "iter"), SYSTEM, b"N")) + b".",
    "_rebuild_from_type": call(
        named("torch._tensor", "_rebuild_from_type_v2"), SYSTEM, named("torch", "Tensor"), ECHO + b"\x85", b"}"
    )
    + b".",
    "a file inside the stream": b"\x80\x04" + call(named("torch.storage", "_load_from_bytes"), inner_file()) + b".",
    "pickle.loads": _calls("pickle", "loads", b"B" + struct.pack("<I", len(SIMPLE)) + SIMPLE),
    "code from data": call(named("types", "FunctionType"), call(named("marshal", "loads"), FUNCTION_CODE), b"}")
    + b")R.",
    "runpy": _calls("runpy", "run_path"),
    "ctypes": _calls("ctypes", "CDLL"),
    "pty": _calls("pty", "spawn"),
    "shutil": _calls("shutil", "rmtree"),
    "socket": _calls("socket", "create_connection"),
    "webbrowser": _calls("webbrowser", "open"),
    "torch.hub": _calls("torch.hub", "load"),
    "numpy runstring": _calls("numpy.testing._private.utils", "runstring", ECHO, b"}"),
    "pydoc": _calls("pydoc", "pipepager", ECHO, ECHO),
    "pip": _calls("pip", "main", b"]"),
    "code": _calls("code", "InteractiveInterpreter.runcode"),
    "timeit": _calls("timeit", "timeit"),
    "bdb": _calls("bdb", "Bdb.run"),
    "asyncio": _calls("asyncio.unix_events", "_UnixSubprocessTransport._start"),
    "distutils": _calls("distutils.spawn", "spawn"),
    "pandas.read_pickle": _calls("pandas.io.pickle", "read_pickle"),
    "numpy.load": _calls("numpy", "load"),
    "after thousands of imports": b"\x80\x02" + b"ccollections\nOrderedDict\n)R0" * 6_000 + SIMPLE[2:],
    "among 60,000 numbers": b"\x80\x02](" + b"K\x01" * 60_000 + b"e0" + SIMPLE[2:],
    "after a large value": b"\x80\x02B" + struct.pack("<I", 200_000) + bytes(200_000) + b"0" + SIMPLE[2:],
    "after a prefix": bytes(64) + SIMPLE,
    "after a prefix, protocol 0": b"header: 1\n\n" + b"cos\nsystem\n(S'echo owned'\ntR.",
    "after a prefix, no protocol opcode": b"\x00\x01" + stacked("os", "system") + ECHO + b"\x85R.",
    "after another pickle": HARMLESS + SIMPLE,
    "after a hundred pickles": HARMLESS * 100 + SIMPLE,
    "ends too early": SIMPLE[:-1],
    "broken after the call": SIMPLE[:-1] + b"\xff\xff garbage",
    "broken by an empty stack": SIMPLE[:-1] + b"000R.",
    "wrong frame": b"\x80\x04\x95" + struct.pack("<Q", 5) + SIMPLE[2:],
    "hidden by POP": SIMPLE[:-1] + b"0N.",
    "inside a value": b"\x80\x04}" + text("model") + b"]" + SIMPLE[2:-1] + b"as.",
    "inside bytes": b"\x80\x04C" + bytes([len(SIMPLE)]) + SIMPLE + b".",
}
"""By the name of the method: a pickle that calls something. Loading any of them would run or reach nothing harmful."""

SixteenMiB = Callable[[], bytes]
LARGE: dict[str, SixteenMiB] = {
    "after 16 MiB in a value": lambda: b"\x80\x02B" + struct.pack("<I", 17 << 20) + bytes(17 << 20) + b"0" + SIMPLE[2:],
    "after 16 MiB of other data": lambda: bytes(17 << 20) + SIMPLE,
    "after a million opcodes": lambda: b"\x80\x02" + b"N0" * 500_000 + SIMPLE[2:],
}
"""The large ones, made when they are needed."""
