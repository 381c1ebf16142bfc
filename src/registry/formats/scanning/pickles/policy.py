"""The policy: which globals a pickle may name, and what follows when it calls them. This file alone decides.

A global is harmless when calling it with any arguments only builds a value; denied when it runs code, starts processes,
reaches files or the network, or leads to such a global; unknown otherwise. The lists name what the common libraries
write into ordinary files (`python -m trust` measures that) and what is known to do harm.
"""

import re
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from enum import Enum, auto
from functools import lru_cache


class Judgement(Enum):
    HARMLESS = auto()
    UNKNOWN = auto()
    DENIED = auto()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DENIED_MODULES = _words("""
    os posix nt posixpath ntpath genericpath sys subprocess _posixsubprocess _winapi importlib _frozen_importlib
    _frozen_importlib_external imp _imp pkgutil runpy zipimport code codeop pty pdb bdb cmd profile cProfile trace
    timeit doctest unittest test pydoc webbrowser antigravity idlelib ctypes _ctypes cffi _cffi_backend gc dis
    faulthandler tracemalloc sysconfig site sitecustomize ensurepip venv pip setuptools pkg_resources distutils
    lib2to3 turtledemo tkinter turtle curses readline rlcompleter pickle _pickle cPickle shelve dill marshal shutil
    tempfile glob fileinput linecache mmap fcntl resource signal select selectors io _io _pyio pipes commands socket
    _socket ssl _ssl asyncio socketserver http httplib urllib urllib2 urllib3 requests aiohttp httpx ftplib smtplib
    poplib imaplib nntplib telnetlib xmlrpc wsgiref cgi multiprocessing _multiprocessing concurrent _thread thread
    dummy_threading sched atexit logging.config sqlite3 dbm zipfile tarfile gzip bz2 lzma compileall py_compile
    symtable crypt nis uuid _osx_support _aix_support _pyrepl winreg _winreg msvcrt torch.hub
    torch.utils.data.datapipes torch.distributed.rpc torch.distributed.elastic torch.distributed.launcher
    torch.distributed.run torch.distributed.launch torch.jit torch.package torch.utils.cpp_extension torch._inductor
    torch._dynamo torch.fx torch.multiprocessing torch.utils.bottleneck torch.utils.collect_env
    torch.utils._config_module torch.ops torch.classes torch._classes torch._ops torch.serialization
    torch.utils.model_zoo torch.testing torch.utils.benchmark torch.onnx torch.export torch.compiler torch._C._jit
    torch.cuda._utils numpy.testing numpy.f2py numpy.distutils numpy.lib.npyio numpy.lib._npyio_impl
    numpy.lib._datasource numpy.ctypeslib numpy.lib.format numpy.lib.utils numpy.compat.py3k numpy.conftest
    numpy.core.tests pandas.io pandas.core.computation pandas.util.testing pandas.compat.pickle_compat
    joblib.externals joblib.numpy_pickle_compat joblib.test sklearn.externals sklearn.datasets scipy.io scipy.weave
    scipy.datasets sympy.core.sympify sympy.parsing sympy.utilities.lambdify patsy numba.core.serialize
    numba.cloudpickle jinja2 mako tensorflow.python.platform IPython jupyter fsspec smart_open paramiko pexpect sh
    plumbum psutil nltk.data huggingface_hub datasets.load transformers.dynamic_module_utils
""")
"""With everything below them, save what the harmless lists name."""

_DENIED_NAMES = _words("""
    system popen popen2 popen3 popen4 startfile execl execle execlp execlpe execv execve execvp execvpe spawnl
    spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe posix_spawn posix_spawnp forkpty Popen check_output
    check_call getoutput getstatusoutput eval exec execfile compile __import__ import_module import_file run_module
    run_path run_code exec_module load_module runcode runsource runctx runstring exec_command exec_mod_from_location
    read_pickle load_pickle unpickle loads find_class pydoc_locate locate getattr setattr delattr attrgetter
    methodcaller _eval_repr _import_module execWrapper evaluate_guards_expression compile_file reduce_graph_module
    reduce_deploy_graph_module reduce_package_graph_module load_library LoadLibrary CDLL WinDLL dlopen resolve_name
    memmap fromfile tofile open fdopen urlopen urlretrieve write_text write_bytes read_text read_bytes symlink_to
    hardlink_to rmdir chmod to_csv to_pickle to_hdf to_sql to_excel to_parquet to_feather to_stata read_html
    read_clipboard rmtree remove unlink
""")
"""Denied in any module: other libraries use these names for the same thing, or pass the original on."""

_DENIED_EXACT = _words("""
    numpy.load numpy.loads numpy.save numpy.savetxt numpy.savez numpy.genfromtxt numpy.loadtxt numpy.DataSource
    numpy.fromregex numpy.lib.load numpy.vectorize torch.load torch.save torch.compile torch.FileStore joblib.load
    joblib.dump joblib.Parallel joblib.numpy_pickle.load joblib.numpy_pickle.dump joblib.numpy_pickle.read_zfile
    joblib.numpy_pickle.NumpyUnpickler joblib.numpy_pickle._unpickle pandas.HDFStore pandas.ExcelWriter
    pandas.ExcelFile pandas.read_csv pandas.read_json pandas.read_sql pandas.DataFrame.query
    uuid._get_command_stdout uuid._popen random._urandom random._os logging.FileHandler logging.handlers
    torch.utils.data.datapipes.utils.decoder.basichandlers builtins.breakpoint builtins.apply builtins.input
    builtins.help builtins.reload builtins.globals builtins.vars builtins.locals builtins.exit builtins.quit
    copyreg.pickle copyreg.constructor copyreg.add_extension copyreg.dispatch_table copyreg._extension_registry
    copyreg._inverted_registry copyreg._extension_cache codecs.open decimal.setcontext
""")

CODE_MAKERS = _words("""
    types.FunctionType types.CodeType types.LambdaType types.MethodType marshal.loads builtins.compile
    numba.core.serialize._rebuild_function
""")
"""They make code out of data."""

BY_VALUE = re.compile(r"(?:joblib\.externals\.)?cloudpickle(?:\.\w+)*\.\w+|dill\._dill\._(?:create_\w+|load_type)")
"""How cloudpickle and dill write functions and classes by value: code that runs when somebody calls it."""
TYPES_BY_NAME = _words("""
    cloudpickle.cloudpickle._builtin_type joblib.externals.cloudpickle.cloudpickle._builtin_type
    dill._dill._load_type
""")
NESTED_LOADERS = _words("torch.storage._load_from_bytes")
"""They load a file from bytes in the stream: what lies in these bytes is scanned as a file."""
CALLERS = _words("torch._tensor._rebuild_from_type torch._tensor._rebuild_from_type_v2")
"""They call their first argument with their third."""
MODULES_BY_NAME = _words("cloudpickle.cloudpickle.subimport joblib.externals.cloudpickle.cloudpickle.subimport")

_HARMLESS = _words("""
    builtins.set builtins.frozenset builtins.list builtins.tuple builtins.dict builtins.bytes builtins.bytearray
    builtins.str builtins.int builtins.float builtins.complex builtins.bool builtins.object builtins.slice
    builtins.range builtins.NotImplemented builtins.Ellipsis builtins.enumerate builtins.zip builtins.reversed
    builtins.memoryview builtins.abs builtins.min builtins.max builtins.sum builtins.len builtins.round
    builtins.sorted builtins.hash builtins.ord builtins.chr builtins.bin builtins.hex builtins.oct builtins.divmod
    builtins.pow builtins.any builtins.all builtins.repr builtins.long builtins.unicode builtins.xrange
    builtins.Exception builtins.BaseException builtins.ValueError builtins.TypeError builtins.KeyError
    builtins.IndexError builtins.RuntimeError builtins.StopIteration builtins.Warning builtins.UserWarning
    builtins.AttributeError builtins.NotImplementedError builtins.OSError builtins.ArithmeticError
    builtins.ZeroDivisionError builtins.OverflowError builtins.AssertionError builtins.LookupError
    builtins.UnicodeDecodeError builtins.UnicodeEncodeError builtins.FileNotFoundError builtins.TimeoutError
    builtins.DeprecationWarning builtins.FutureWarning builtins.RuntimeWarning builtins.ImportError
    builtins.NameError collections.OrderedDict collections.defaultdict collections.Counter collections.deque
    collections.ChainMap collections.UserDict collections.UserList collections.UserString copyreg._reconstructor
    copyreg.__newobj__ copyreg.__newobj_ex__ datetime.datetime datetime.date datetime.time datetime.timedelta
    datetime.timezone datetime.tzinfo zoneinfo.ZoneInfo zoneinfo.ZoneInfo._unpickle decimal.Decimal decimal.Context
    fractions.Fraction numbers.Number pathlib.Path pathlib.PurePath pathlib.PosixPath pathlib.PurePosixPath
    pathlib.WindowsPath pathlib.PureWindowsPath pathlib._local.Path pathlib._local.PosixPath
    pathlib._local.PurePosixPath pathlib._local.PureWindowsPath pathlib._local.WindowsPath uuid.UUID uuid.SafeUUID
    ipaddress.IPv4Address ipaddress.IPv6Address ipaddress.IPv4Network ipaddress.IPv6Network random.Random
    _random.Random string.Template array.array array._array_reconstructor functools.partial functools.cmp_to_key
    operator.itemgetter itertools.count itertools.chain itertools.cycle itertools.repeat itertools.islice
    itertools.product itertools.permutations itertools.combinations types.SimpleNamespace types.MappingProxyType
    types.NoneType weakref.WeakKeyDictionary weakref.WeakValueDictionary weakref.WeakSet argparse.Namespace
    enum.Enum enum.IntEnum enum.Flag enum.IntFlag enum.StrEnum enum.EnumMeta enum.EnumType dataclasses.Field
    dataclasses._MISSING_TYPE dataclasses.MISSING typing.Any typing.Union typing.Optional logging.getLogger
    time.struct_time inspect._ParameterKind inspect.Parameter inspect.Signature inspect._empty re._compile
    re.compile re.Pattern _codecs.encode copy._EmptyClass abc.ABCMeta statistics.NormalDist io.BytesIO io.StringIO
    _io.BytesIO _io.StringIO queue.Empty collections.abc.Mapping calendar.Calendar graphlib.TopologicalSorter
    typing.NamedTuple urllib.parse.ParseResult urllib.parse.SplitResult urllib.parse.urlparse numpy.dtype
    numpy.ndarray numpy.matrix numpy.recarray numpy.record numpy.void numpy.ma.MaskedArray numpy.array numpy.poly1d
    numpy.core.multiarray._reconstruct numpy.core.multiarray.scalar numpy.core.numeric._frombuffer
    numpy.core.multiarray.array numpy.core.records.recarray numpy.rec.recarray numpy.core.records.record
    numpy.ma.core.MaskedArray numpy.ma.core._mareconstruct numpy.ma.core.MaskedConstant numpy.ma.core.mvoid
    numpy.matrixlib.defmatrix.matrix numpy.lib.polynomial.poly1d numpy.lib._polynomial_impl.poly1d numpy.ufunc
    numpy.random._pickle.__randomstate_ctor numpy.random._pickle.__generator_ctor numpy.random.__RandomState_ctor
    numpy.random._pickle.__bit_generator_ctor numpy.random.bit_generator.__pyx_unpickle_SeedSequence
    numpy.random.mtrand.RandomState numpy.random.bit_generator.SeedSequence numpy.random.SeedSequence
    numpy.random.bit_generator.SeedlessSeedSequence numpy.char.chararray numpy.core.defchararray.chararray
    numpy.strings.chararray numpy.core._internal._convert_to_stringdtype_kwargs numpy.dtypes.StringDType
    scipy.stats._distn_infrastructure.rv_frozen scipy.interpolate._interpolate.interp1d
    scipy.spatial._ckdtree.cKDTree scipy.spatial._kdtree.KDTree sklearn.tree._tree.Tree
    sklearn.neighbors._kd_tree.newObj sklearn.neighbors._ball_tree.newObj sklearn.neighbors._kd_tree.KDTree
    sklearn.neighbors._ball_tree.BallTree sklearn.utils._bunch.Bunch sklearn.utils.Bunch
    sklearn.metrics._dist_metrics.newObj sklearn.metrics._dist_metrics.EuclideanDistance
    sklearn.metrics._scorer._Scorer pandas._libs.internals._unpickle_block
    pandas._libs.arrays.__pyx_unpickle_NDArrayBacked pandas.core.indexes.base._new_Index
    pandas.core.indexes.datetimes._new_DatetimeIndex pandas.core.indexes.period._new_PeriodIndex
    pandas._libs.tslibs.timestamps._unpickle_timestamp pandas._libs.tslibs.timedeltas._timedelta_unpickle
    pandas._libs.tslibs.period._unpickle_period pandas._libs.tslibs.nattype._nat_unpickle
    pandas.core.internals.managers.BlockManager pandas.core.internals.managers.SingleBlockManager
    pandas.core.internals.blocks.new_block pandas._libs.missing.NAType pandas._libs.missing.NA
    pandas.core.arrays.string_arrow.ArrowStringArray pandas.core.indexes.frozen.FrozenList
    pandas._libs.interval.Interval pandas._libs.internals.BlockPlacement pandas.core.dtypes.dtypes.PeriodDtype
    torch.Size torch.device torch.dtype torch.Tensor torch.Generator torch.layout torch.memory_format torch.finfo
    torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v2 torch._utils._rebuild_tensor_v3
    torch._utils._rebuild_parameter torch._utils._rebuild_parameter_with_state torch._utils._rebuild_qtensor
    torch._utils._rebuild_sparse_tensor torch._utils._rebuild_device_tensor_from_numpy
    torch._utils._rebuild_xla_tensor torch._utils._rebuild_meta_tensor_no_storage
    torch._utils._rebuild_nested_tensor torch.nn.parameter.Parameter torch._utils._rebuild_sparse_csr_tensor
    torch._utils._rebuild_device_tensor_from_cpu_tensor torch._utils._rebuild_wrapper_subclass
    torch._tensor._rebuild_from_type_v2 torch._tensor._rebuild_from_type torch.nn.parameter.Buffer
    torch.nn.parameter.UninitializedParameter torch.serialization._get_layout
    torch.nn.modules.container.ParameterDict torch.storage.TypedStorage torch.storage.UntypedStorage
    torch.per_tensor_affine torch.per_channel_affine joblib.numpy_pickle.NumpyArrayWrapper
    joblib.numpy_pickle.NDArrayWrapper joblib.numpy_pickle.ZNDArrayWrapper
    sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper sklearn.externals.joblib.numpy_pickle.NDArrayWrapper
    sklearn.externals.joblib.numpy_pickle.ZNDArrayWrapper sklearn.datasets.base.Bunch torch.storage._load_from_bytes
    torch.jit._pickle.build_intlist torch.jit._pickle.build_tensorlist torch.jit._pickle.build_doublelist
    torch.jit._pickle.build_boollist torch.jit._pickle.build_tensor_from_id torch.jit._pickle.restore_type_tag
    joblib.numpy_pickle_compat.NDArrayWrapper joblib.numpy_pickle_compat.ZNDArrayWrapper xgboost.core.Booster
    lightgbm.basic.Booster tokenizers.Tokenizer tokenizers.AddedToken networkx.classes.graph.Graph
    networkx.classes.digraph.DiGraph PIL.Image.Image pytz._UTC pytz._p pytz.tz._p dateutil.tz.tz.tzutc
    scipy.sparse.csr.csr_matrix scipy.sparse.csc.csc_matrix
""")
"""Called with anything they only build a value."""

_HARMLESS_PATTERNS = re.compile(
    r"""(?x)
      __torch__ (?:\.\w+)*
    | numpy \. (?: (?:float|int|uint|complex)\d* | bool_? | str_ | bytes_ | object_ | datetime64 | timedelta64
                 | longdouble | clongdouble | longlong | ulonglong | half | single | double | intc | uintc | intp
                 | uintp | byte | ubyte | short | ushort | long | ulong )
    | numpy \. dtypes \. \w+DType
    | numpy \. random \. _(?:mt19937|pcg64|philox|sfc64|generator) \. \w+
    | torch \. (?:\w+Storage | u?int\d+ | bfloat16 | float\d*\w* | half | double | long | int | short | bool
                 | complex\d+ | q?u?int\d+(?:x\d)? | strided | sparse_\w+ | contiguous_format | channels_last\w*
                 | preserve_format | \w+Tensor)
    | torch \. (?:cuda|sparse) \. \w+(?:Storage|Tensor)
    | (?:sklearn|scipy|pandas|numpy) (?:\.\w+)+ \. __pyx_unpickle_\w+
    | pandas \. (?:\w+Dtype | Interval) | pandas \. core \. indexes (?:\.\w+)+ \. _new_\w+
    | pandas \. _libs \. (?:sparse \. (?:Int|Block)Index | tslibs \. offsets \. [A-Z]\w+)
    | scipy \. sparse \. _\w+ \. \w+_(?:matrix|array) | scipy \. stats \. _distn_infrastructure \. rv_\w*frozen
    | scipy \. stats \. _(?:continuous|discrete)_distns \. \w+_gen
    | sklearn \. linear_model \. _sgd_fast \. [A-Z]\w+
    | sklearn \. _loss \. _loss \. Cy\w+
    | sklearn (?:\.\w+)* \. (?:Euclidean|Manhattan|Chebyshev|Minkowski|Haversine|Cosine)Distance(?:64|32)?
    | sklearn \. metrics \. _dist_metrics \. \w+Metric(?:64|32)? | sklearn \. metrics \. _dist_metrics \. newObj\w*
    """
)

_DATA_PACKAGES = _words(
    "numpy scipy sklearn pandas joblib torch torchvision xgboost lightgbm catboost imblearn transformers tokenizers "
    "PIL networkx pyarrow nltk umap skops timm sentence_transformers safetensors"
)
"""Their classes hold data: making an instance without `__init__` and filling it runs nothing of the file's author."""

_HARMLESS_TO_NAME = re.compile(
    r"(?:numpy|scipy|sklearn|torch\.nn|torch\.optim|pandas|math|cmath|statistics|string|re|json|datetime|collections"
    r"|typing|enum|dataclasses|abc|decimal|fractions|random|numbers)(?:\.\w+)*"
)
"""Functions and classes of these may be named without being called: callbacks such as `numpy.log1p`."""

_ONLY_TYPES = _words("numpy.memmap numpy.core.memmap.memmap")
"""An array that was mapped names its type; making one would open a file."""
_MODULES_IN_NAMES = _words(
    "os sys subprocess builtins posix nt importlib shutil socket ctypes pickle runpy pty marshal types io "
    "multiprocessing threading tempfile inspect pdb code pip"
)
_HIDDEN_NAMES = re.compile(
    r"__(?!newobj|new__$|randomstate_ctor|generator_ctor|bit_generator_ctor|RandomState_ctor|pyx_unpickle)"
)
_CLASS_NAME = re.compile(r"_?[A-Z]\w*")


def modern_name(module: str, name: str) -> tuple[str, str]:
    """The name in Python 3 for what a pickle of Python 2 calls so."""
    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    if module == "__builtin__":
        return "builtins", name
    return IMPORT_MAPPING.get(module, module).replace("numpy._core", "numpy.core"), name


@lru_cache(maxsize=20_000)
def judge(module: str, name: str) -> Judgement:
    """What calling this global with any arguments may do."""
    module, name = modern_name(module, name)
    path = f"{module}.{name}"
    if path in _HARMLESS or _HARMLESS_PATTERNS.fullmatch(path):
        return Judgement.HARMLESS
    return Judgement.DENIED if _is_denied(module, name) else Judgement.UNKNOWN


def may_be_made(module: str, name: str) -> bool:
    """Whether making an instance of this class without `__init__` (NEWOBJ) and filling it (BUILD) runs no code."""
    module, name = modern_name(module, name)
    known = module.split(".", 1)[0] in _DATA_PACKAGES and _CLASS_NAME.fullmatch(name) is not None
    return judge(module, name) is Judgement.HARMLESS or (known and not _is_denied(module, name))


def may_be_passed(module: str, name: str) -> bool:
    """Whether a global, though denied, may stand among the arguments of a call: what is called does not call it."""
    return ".".join(modern_name(module, name)) in _ONLY_TYPES


def may_be_named(module: str, name: str) -> bool:
    """Whether a pickle may refer to this global without calling it."""
    module, name = modern_name(module, name)
    if judge(module, name) is Judgement.HARMLESS or may_be_made(module, name) or may_be_passed(module, name):
        return True
    plain = module == "builtins" and name in ("print", "type", "super", "isinstance", "issubclass", "callable", "id")
    return plain or (not _is_denied(module, name) and _HARMLESS_TO_NAME.fullmatch(module) is not None)


def _is_denied(module: str, name: str) -> bool:
    path = f"{module}.{name}"
    parts = name.split(".")
    return (
        path in _DENIED_EXACT
        or path in CODE_MAKERS
        or BY_VALUE.fullmatch(path) is not None
        or any(part in _DENIED_NAMES for part in parts)
        or any(_HIDDEN_NAMES.match(part) for part in parts)
        or any(part.lstrip("_") in _MODULES_IN_NAMES for part in parts)
        or _leads_through_a_module(module, parts)
        or _is_below_denied(module)
    )


def _leads_through_a_module(module: str, parts: list[str]) -> bool:
    """Whether a dotted name takes what its module has imported (`np.load`), and is no name in a class."""
    top = module.split(".", 1)[0]
    if len(parts) < 2 or (top not in _DATA_PACKAGES and top not in sys.stdlib_module_names):
        return False
    first = f"{module}.{parts[0]}"
    is_class = first in _HARMLESS or _HARMLESS_PATTERNS.fullmatch(first) or _CLASS_NAME.fullmatch(parts[0])
    return not (is_class and all(map(_CLASS_NAME.fullmatch, parts[1:-1])))


def _is_below_denied(module: str) -> bool:
    while module:
        if module in _DENIED_MODULES:
            return True
        module = module.rpartition(".")[0]
    return False


DENIED_MODULES = _DENIED_MODULES
"""For the search for pickles inside other data."""
