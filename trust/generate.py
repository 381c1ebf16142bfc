"""Makes trust/fixtures/harmless.zip with the real libraries: `python trust/generate.py` where they are installed.

Nothing in the project imports this module; the measurements read the zip, so that they need none of these libraries.
"""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gzip
import inspect
import io
import itertools
import json
import operator
import pathlib
import pickle
import random
import re
import struct
import sys
import tarfile
import tempfile
import types
import uuid
import zipfile
import zoneinfo
from pathlib import Path
from typing import Any

FILES: dict[str, bytes] = {}


def add(library: str, name: str, data: bytes) -> None:
    FILES[f"{library}/{name}"] = data


def pickled(library: str, name: str, value: Any, *, protocols: tuple[int, ...] = (4,)) -> None:
    for protocol in protocols:
        add(library, f"{name}-{protocol}.pkl", pickle.dumps(value, protocol))


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str


class Color(enum.Enum):
    RED = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Size(enum.IntEnum):
    SMALL = 1


Pair = collections.namedtuple("Pair", "left right")


def standard_library() -> None:
    every = (0, 1, 2, 3, 4, 5)
    pickled(
        "python",
        "plain",
        {"a": [1, 2.5, None, True], "b": ("x", b"y"), "c": {1, 2}, "d": frozenset("z")},
        protocols=every,
    )
    pickled("python", "large-tuple", tuple(range(2000)))
    pickled("python", "nested-tuple", functools.reduce(lambda inner, _: (inner, inner), range(30), ("a",)))
    pickled("python", "long-integers", [10**100, -(2**70), 2**31])
    pickled("python", "counter", collections.Counter("hello"), protocols=(2, 4))
    pickled("python", "ordered-dict", collections.OrderedDict(a=1), protocols=(0, 2, 4))
    pickled("python", "defaultdict", collections.defaultdict(list, a=[1]))
    pickled("python", "deque", collections.deque([1, 2], maxlen=5))
    pickled("python", "chain-map", collections.ChainMap({"a": 1}))
    pickled("python", "datetime", datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), protocols=(0, 2, 4))
    pickled("python", "timedelta", [datetime.timedelta(1), datetime.date(2024, 1, 1), datetime.time(1)])
    pickled("python", "zoneinfo", zoneinfo.ZoneInfo("Europe/Berlin"))
    pickled("python", "decimal", [decimal.Decimal("1.1"), fractions.Fraction(1, 3), 1 + 2j])
    pickled("python", "path", [pathlib.Path("a/b"), pathlib.PurePosixPath("c"), pathlib.PureWindowsPath("d")])
    pickled("python", "uuid", uuid.UUID(int=5))
    pickled("python", "random", random.Random(1))
    pickled("python", "random-state", random.Random(2).getstate())
    pickled("python", "partial", functools.partial(int, base=2), protocols=(0, 2, 4))
    pickled("python", "partial-of-round", functools.partial(round, ndigits=2))
    pickled("python", "itemgetter", operator.itemgetter(1))
    pickled("python", "count", [range(5), slice(1, 2), bytearray(b"abc"), array.array("d", [1.0])])
    pickled("python", "namespace", types.SimpleNamespace(a=1))
    pickled("python", "pattern", re.compile("a+"))
    pickled("python", "exception", ValueError("wrong"))
    pickled("python", "types", [int, str, dict, len, collections.OrderedDict])
    pickled("python", "signature", inspect.Signature([inspect.Parameter("a", inspect.Parameter.POSITIONAL_ONLY)]))
    pickled("python", "repeat", list(itertools.repeat("x", 3)))
    module = types.ModuleType("shapes")
    sys.modules["shapes"] = module
    for kind in (Point, Frozen, Color, Rights, Size, Pair):
        kind.__module__ = "shapes"
        setattr(module, kind.__name__, kind)
    pickled("dataclasses", "dataclass", Point(1, 2.0), protocols=(0, 2, 4))
    pickled("dataclasses", "frozen", Frozen("a"))
    pickled("dataclasses", "named-tuple", Pair(1, 2))
    pickled("enum", "enum", Color.RED, protocols=(0, 2, 4))
    pickled("enum", "flag", Rights.READ | Rights.WRITE)
    pickled("enum", "int-enum", Size.SMALL)


def numpy_files() -> None:
    import numpy as np

    every = (0, 2, 4, 5)
    pickled("numpy", "floats", np.arange(6.0).reshape(2, 3), protocols=every)
    pickled("numpy", "scalar", np.float64(1.5), protocols=(0, 2, 4))
    pickled("numpy", "dtype", np.dtype([("a", "i4"), ("b", "U3")]))
    pickled("numpy", "objects", np.array([{"a": 1}, "b", None], dtype=object))
    pickled("numpy", "structured", np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]))
    pickled("numpy", "masked", np.ma.array([1, 2], mask=[True, False]))
    pickled("numpy", "times", np.array(["2024-01-01"], dtype="datetime64[D]"))
    pickled("numpy", "generator", np.random.default_rng(1))
    pickled("numpy", "random-state", np.random.RandomState(1))
    pickled("numpy", "random-state-tuple", np.random.RandomState(1).get_state())
    for kind in ("MT19937", "PCG64DXSM", "Philox", "SFC64"):
        pickled("numpy", kind.lower(), np.random.Generator(getattr(np.random, kind)(1)))
    pickled("numpy", "seed-sequence", np.random.SeedSequence(5))
    pickled("numpy", "matrix", np.asmatrix([[1, 2]]))
    pickled("numpy", "records", np.rec.array([(1, "a")], dtype=[("n", "i4"), ("s", "U1")]))
    pickled("numpy", "ufunc", [np.log1p, np.exp, np.float32, np.mean])
    pickled("numpy", "polynomial", [np.poly1d([1, 2]), np.polynomial.Polynomial([1, 2])])
    pickled("numpy", "strings", np.array(["a", "bc"]))
    with tempfile.NamedTemporaryFile() as mapped:
        pickled("numpy", "memory-mapped", np.memmap(mapped, dtype="f4", mode="w+", shape=(3,)))
    for name, value in {
        "floats": np.arange(4.0),
        "bytes-like-a-pickle": np.frombuffer(b"\x80\x04\x95\x00" * 8, dtype=np.uint8),
        "objects": np.array(["a", 1, None], dtype=object),
        "structured": np.zeros(3, dtype=[("a", "i4"), ("b", "S3")]),
        "times": np.array(["2024-01-01"], dtype="datetime64[s]"),
        "text": np.array(["ab"]),
    }.items():
        file = io.BytesIO()
        np.save(file, value)
        add("numpy", f"{name}.npy", file.getvalue())
    for name, save in {"plain": np.savez, "compressed": np.savez_compressed}.items():
        file = io.BytesIO()
        save(file, a=np.arange(3), b=np.array(["x", 1], dtype=object))
        add("numpy", f"{name}.npz", file.getvalue())


def scikit_learn() -> None:
    import joblib
    import numpy as np
    from sklearn import (
        cluster,
        compose,
        decomposition,
        ensemble,
        feature_extraction,
        feature_selection,
        gaussian_process,
        impute,
        isotonic,
        linear_model,
        mixture,
        model_selection,
        naive_bayes,
        neighbors,
        neural_network,
        pipeline,
        preprocessing,
        svm,
        tree,
    )

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 3)), np.array([0, 1] * 12)
    texts = ["red apple", "green pear", "blue sky"]
    models = {
        "logistic": linear_model.LogisticRegression().fit(x, y),
        "ridge": linear_model.Ridge().fit(x, y),
        "sgd": linear_model.SGDClassifier(max_iter=5, tol=None).fit(x, y),
        "decision-tree": tree.DecisionTreeClassifier(max_depth=2).fit(x, y),
        "random-forest": ensemble.RandomForestClassifier(2, max_depth=2).fit(x, y),
        "gradient-boosting": ensemble.GradientBoostingClassifier(n_estimators=2).fit(x, y),
        "hist-gradient-boosting": ensemble.HistGradientBoostingClassifier(max_iter=2).fit(x, y),
        "isolation-forest": ensemble.IsolationForest(n_estimators=2).fit(x),
        "svc": svm.SVC(probability=False).fit(x, y),
        "neighbors-kd": neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(x, y),
        "neighbors-ball": neighbors.NearestNeighbors(algorithm="ball_tree").fit(x),
        "kmeans": cluster.KMeans(2, n_init=1).fit(x),
        "pca": decomposition.PCA(2).fit(x),
        "gaussian-mixture": mixture.GaussianMixture(2).fit(x),
        "naive-bayes": naive_bayes.GaussianNB().fit(x, y),
        "multilayer": neural_network.MLPClassifier((3,), max_iter=200, tol=10).fit(x, y),
        "gaussian-process": gaussian_process.GaussianProcessRegressor().fit(x[:4], y[:4]),
        "isotonic": isotonic.IsotonicRegression().fit(x[:, 0], y),
        "tfidf": feature_extraction.text.TfidfVectorizer().fit(texts),
        "hashing": feature_extraction.text.HashingVectorizer(n_features=8),
        "scaler": preprocessing.StandardScaler().fit(x),
        "encoder": preprocessing.OneHotEncoder().fit([["a"], ["b"]]),
        "labels": preprocessing.LabelEncoder().fit(["a", "b"]),
        "function": preprocessing.FunctionTransformer(np.log1p),
        "imputer": impute.SimpleImputer().fit(x),
        "select": feature_selection.SelectKBest(k=2).fit(x, y),
        "columns": compose.ColumnTransformer([("a", preprocessing.StandardScaler(), [0])]).fit(x),
        "pipeline": pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(x, y),
        "grid": model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [1.0, 2.0]}, cv=2).fit(x, y),
    }
    for name, model in models.items():
        pickled("scikit-learn", name, model)
        file = io.BytesIO()
        joblib.dump(model, file)
        add("scikit-learn", f"{name}.joblib", file.getvalue())
    memory = joblib.Memory("cache", verbose=0)
    pickled(
        "scikit-learn",
        "pipeline-with-memory",
        pipeline.Pipeline([("a", preprocessing.StandardScaler())], memory=memory),
    )
    file = io.BytesIO()
    joblib.dump(models["scaler"], file)
    old = file.getvalue()
    new, former = b"\x8c\x13joblib.numpy_pickle", b"\x8c\x25sklearn.externals.joblib.numpy_pickle"
    add("scikit-learn", "scaler-of-2018.joblib", old.replace(new, former))
    pickled("scikit-learn", "logistic-old", models["logistic"], protocols=(0, 2))
    for method in ("zlib", "gzip", "bz2", "lzma", "xz"):
        file = io.BytesIO()
        joblib.dump({"model": models["pipeline"], "x": x}, file, compress=(method, 3))
        add("joblib", f"pipeline-{method}.joblib", file.getvalue())
    for name, value in {
        "arrays": {"a": x, "b": [x[:2], "after"], "c": np.arange(5)},
        "fortran": np.asfortranarray(x),
        "objects": {"a": np.array(["x", {"y": 1}], dtype=object), "b": x, "c": "after"},
        "masked": [np.ma.array([1, 2], mask=[0, 1]), "after"],
        "text": [np.array(["abc", "d"]), np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]), "after"],
        "plain": {"a": 1},
    }.items():
        file = io.BytesIO()
        joblib.dump(value, file)
        add("joblib", f"{name}.joblib", file.getvalue())


def scipy_pandas() -> None:
    import numpy as np
    import pandas as pd
    from scipy import interpolate, sparse, spatial, stats

    pickled("scipy", "csr", sparse.csr_matrix(np.eye(3)))
    pickled("scipy", "coo-array", sparse.coo_array(np.eye(3)))
    pickled("scipy", "lil", sparse.lil_matrix(np.eye(3)))
    pickled("scipy", "interp1d", interpolate.interp1d([0, 1], [1, 2]))
    pickled("scipy", "spline", interpolate.CubicSpline([0, 1, 2], [1, 2, 0]))
    pickled("scipy", "kd-tree", spatial.KDTree(np.eye(3)))
    pickled("scipy", "normal", stats.norm(0, 1))
    file = io.BytesIO()
    sparse.save_npz(file, sparse.csr_matrix(np.eye(3)))
    add("scipy", "sparse.npz", file.getvalue())
    frame = pd.DataFrame(
        {"a": [1, 2], "b": ["x", "y"], "c": [1.0, None], "d": pd.to_datetime(["2024-01-01", "2024-02-01"])}
    )
    for name, value in {
        "frame": frame,
        "series": frame["a"],
        "index": frame.index,
        "categorical": frame["b"].astype("category"),
        "multi-index": frame.set_index(["a", "b"]),
        "times": pd.date_range("2024-01-01", periods=3, tz="UTC"),
        "periods": pd.period_range("2024-01", periods=3, freq="M"),
        "timestamps": [pd.Timestamp("2024-01-01"), pd.Timedelta("1D"), pd.NaT, pd.NA, pd.Interval(0, 1)],
        "nullable": pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array(["x", None], dtype="string")}),
        "objects": pd.DataFrame({"a": pd.Series([[1], {"x": 2}], dtype=object)}),
        "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
        "intervals": pd.cut(pd.Series([1, 5]), 2),
    }.items():
        pickled("pandas", name, value)
    add("pandas", "frame.pkl.gz", gzip.compress(pickle.dumps(frame), mtime=0))
    pickled("pandas", "frame-old", frame, protocols=(2,))


def boosters() -> None:
    import lightgbm
    import numpy as np
    import xgboost

    x, y = np.random.default_rng(0).normal(size=(24, 3)), np.array([0, 1] * 12)
    pickled("xgboost", "classifier", xgboost.XGBClassifier(n_estimators=1, max_depth=1).fit(x, y))
    model = lightgbm.LGBMClassifier(n_estimators=1, num_leaves=2, verbose=-1, min_child_samples=1).fit(x, y)
    pickled("lightgbm", "classifier", model)


class Storage:
    def __init__(self, kind: Any, key: str, count: int) -> None:
        self.kind, self.key, self.count = kind, key, count


class TorchPickler(pickle._Pickler):
    """PyTorch writes a storage as a persistent id."""

    def persistent_id(self, obj: Any) -> Any:
        return ("storage", obj.kind, obj.key, "cpu", obj.count) if isinstance(obj, Storage) else None


def stub(path: str, *, is_class: bool = False) -> Any:
    module_name, name = path.rsplit(".", 1)
    for end in range(module_name.count(".") + 1):
        parent = ".".join(module_name.split(".")[: end + 1])
        sys.modules.setdefault(parent, types.ModuleType(parent))
    module = sys.modules[module_name]
    made: Any = type(name, (), {}) if is_class else types.FunctionType((lambda *_: None).__code__, {}, name)
    made.__module__, made.__qualname__ = module_name, name
    setattr(module, name, made)
    return made


def torch_layout() -> None:
    rebuild, parameter = stub("torch._utils._rebuild_tensor_v2"), stub("torch._utils._rebuild_parameter")
    floats, halves = stub("torch.FloatStorage", is_class=True), stub("torch.BFloat16Storage", is_class=True)

    class Tensor:
        def __init__(self, kind: Any, key: str) -> None:
            self.kind, self.key = kind, key

        def __reduce__(self) -> Any:
            return rebuild, (Storage(self.kind, self.key, 4), 0, (2, 2), (2, 1), False, collections.OrderedDict())

    class Parameter(Tensor):
        def __reduce__(self) -> Any:
            return parameter, (Tensor(self.kind, self.key), True, collections.OrderedDict())

    def dumps(value: Any, protocol: int = 2) -> bytes:
        file = io.BytesIO()
        TorchPickler(file, protocol).dump(value)
        return file.getvalue()

    def zipped(value: Any) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", dumps(value))
            archive.writestr("archive/byteorder", "little")
            archive.writestr("archive/data/0", struct.pack("<4f", 1, 2, 3, 4))
            archive.writestr("archive/version", "3\n")
        return file.getvalue()

    state = collections.OrderedDict([("weight", Tensor(floats, "0")), ("bias", Tensor(halves, "0"))])
    linear = stub("torch.nn.modules.linear.Linear", is_class=True)()
    linear.__dict__.update(
        training=True, _parameters=collections.OrderedDict(weight=Parameter(floats, "0")), _buffers={}
    )
    optimizer = {
        "state": {0: {"step": 1, "exp_avg": Tensor(floats, "0")}},
        "param_groups": [{"lr": 0.1, "betas": (0.9, 0.9)}],
    }
    add("torch", "state-dict.pt", zipped(state))
    storage = stub("torch.storage._load_from_bytes")
    inner = b"".join(
        dumps(part) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Storage(floats, "0", 4), ["0"])
    )

    class Pickled:
        def __reduce__(self) -> Any:
            return rebuild, (Stored(), 0, (2, 2), (2, 1), False, collections.OrderedDict())

    class Stored:
        def __reduce__(self) -> Any:
            return storage, (inner + struct.pack("<q4f", 4, 1, 2, 3, 4),)

    add("torch", "pickled-tensor.pkl", pickle.dumps({"weight": Pickled()}, 4))
    dataset = stub("torch.utils.data.dataset.TensorDataset", is_class=True)()
    dataset.tensors = (Tensor(floats, "0"),)
    add("torch", "dataset.pt", zipped(dataset))
    module = stub("__torch__.acme.Net", is_class=True)()
    module.weight, module.sizes = Tensor(floats, "0"), [1, 2]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("net/data.pkl", dumps(module))
        archive.writestr("net/code/__torch__/acme.py", "class Net(Module):\n  __parameters__ = []\n")
        archive.writestr("net/constants.pkl", b"\x80\x02ctorch.jit._pickle\nbuild_tensorlist\n](e\x85R.")
    add("torch", "script.pt", file.getvalue())
    add("torch", "module.pt", zipped(linear))
    add("torch", "checkpoint.ckpt", zipped({"state_dict": state, "optimizer_states": [optimizer], "epoch": 3}))
    add("torch", "pytorch_model.bin", zipped(dict(state)))
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [0x1950A86A20F9469CFC6C, 1001, system, state, ["0"]]
    legacy = b"".join(dumps(part) for part in parts) + struct.pack("<q4f", 4, 1, 2, 3, 4)
    add("torch", "legacy.pt", legacy)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in {
            "storages": dumps(1) + dumps(("0", "cpu", floats)),
            "tensors": dumps(0),
            "pickle": dumps(state),
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    add("torch", "legacy-tar.pt", file.getvalue())


def other_formats() -> None:
    import h5py
    from onnx import TensorProto, helper

    layers = [{"class_name": "Dense", "module": "keras.layers", "config": {"name": "dense", "units": 2}}]
    config = {"class_name": "Sequential", "config": {"name": "model", "layers": layers}}
    file = io.BytesIO()
    with h5py.File(file, "w") as model:
        model.attrs["model_config"] = json.dumps(config)
        model.create_dataset("dense/kernel", data=[[1.0, 2.0]])
    add("keras", "model.h5", file.getvalue())
    weights = file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps({**config, "module": "keras", "registered_name": None}))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0"}))
        archive.writestr("model.weights.h5", weights[:2048] + weights[2048:])
    add("keras", "model.keras", file.getvalue())
    node = helper.make_node("Relu", ["x"], ["y"])
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([node], "g", info[:1], info[1:])
    model = helper.make_model(graph)
    add("onnx", "relu.onnx", model.SerializeToString())
    tensor = TensorProto(name="w", data_type=1, dims=[2], data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "weights/model.onnx_data"
    graph.initializer.append(tensor)
    add("onnx", "external.onnx", helper.make_model(graph).SerializeToString())
    text = (
        "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m.content | trim }}{% endfor %}{{ __unused__ if false }}"
    )
    text = text.replace("{{ __unused__ if false }}", "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")

    def string(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    pairs = [string("general.name") + struct.pack("<I", 8) + string("tiny")]
    pairs.append(string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + string("a") + string("__class__"))
    pairs.append(string("tokenizer.chat_template") + struct.pack("<I", 8) + string(text))
    add("gguf", "tiny.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    add("safetensors", "model.safetensors", struct.pack("<Q", len(header)) + header + struct.pack("<2f", 1, 2))
    tokenizer = {"chat_template": text, "model_max_length": 512, "tokenizer_class": "LlamaTokenizer"}
    add("transformers", "tokenizer_config.json", json.dumps(tokenizer).encode())
    add("transformers", "config.json", json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode())
    add("transformers", "vocab.txt", b"[PAD]\n[UNK]\ncos\nsystem\nios\nsystem\n(\nthe\n.\nc\no\nR\n")
    add("transformers", "chat_template.jinja", text.encode())


def packages() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("acme/__init__.py", "import os\n\n\ndef run():\n    os.system('ls')\n")
        archive.writestr("acme-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
        archive.writestr("acme.pth", "acme/vendored\n")
    add("packages", "acme-1.0-py3-none-any.whl", file.getvalue())
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in {
            "acme-1.0/setup.py": b"from setuptools import setup\nsetup()\n",
            "acme-1.0/README.md": b"# Acme\n",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    add("packages", "acme-1.0.tar.gz", file.getvalue())
    readme = b"# Pickles\n\n```python\npickle.loads(b\"cos\\nsystem\\n(S'echo'\\ntR.\")\n```\n"
    add("packages", "README.md", readme)
    add(
        "packages",
        "notes.ipynb",
        json.dumps({"cells": [{"source": ["import os; os.system('ls')"]}], "nbformat": 4}).encode(),
    )


def main() -> None:
    for make in (
        standard_library,
        numpy_files,
        scikit_learn,
        scipy_pandas,
        boosters,
        torch_layout,
        other_formats,
        packages,
    ):
        make()
    target = Path(__file__).parent / "fixtures" / "harmless.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(FILES.items()):
            archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED, 9)
    sys.stdout.write(f"{len(FILES)} files, {target.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
