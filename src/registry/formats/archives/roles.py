"""What a file in an archive is to its package, decided by its path alone. docs/files.md is this table for readers."""

from enum import StrEnum
from pathlib import PurePosixPath


class Role(StrEnum):
    WEIGHTS = "weights"
    DATASET = "dataset"
    CODE = "code"
    DOCS = "docs"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DOCS_STEMS = _words("readme license licence copying unlicense notice changelog citation authors contributing")
_DOCS_STEMS_MORE = _words("model_card modelcard model-card dataset_card datasheet")
_DOCS_FOLDERS = _words("doc docs documentation")
_DOCS_ENDINGS = _words(".md .markdown .rst .pdf .html .htm .tex .bib .docx .odt")
_WEIGHTS_ENDINGS = _words(
    ".safetensors .bin .pt .pth .ckpt .h5 .hdf5 .keras .onnx .onnx_data .pb .tflite .gguf .ggml .msgpack .pdparams "
    ".pdiparams .mlmodel .mlpackage .nemo .engine .ot .pkl .pickle .joblib .caffemodel .params .weights"
)
_DATASET_ENDINGS = _words(
    ".csv .tsv .parquet .arrow .feather .orc .avro .jsonl .ndjson .tfrecord .tfrecords .npy .npz .mat .mdb .lmdb "
    ".sqlite .db .xlsx .png .jpg .jpeg .gif .bmp .tif .tiff .webp .wav .mp3 .flac .ogg .mp4 .avi .mkv .webm"
)
_DATASET_FOLDERS = _words("data dataset datasets train training test testing val valid validation dev")
_CODE_ENDINGS = _words(
    ".py .pyi .pyx .ipynb .c .h .cc .cpp .hpp .cu .cuh .rs .go .java .kt .scala .js .mjs .ts .r .jl .lua .sh .bash "
    ".ps1 .bat .sql .proto .yaml .yml .toml .cfg .ini .json .model .vocab .jinja .lock .cmake"
)
_CODE_NAMES = _words("dockerfile makefile requirements.txt vocab.txt merges.txt environment.yml .gitignore")


def role_of(path: str) -> Role | None:
    """The first rule that fits: names of docs, folders of docs, endings, folders of data. None where none does."""
    parts = PurePosixPath(path.lower())
    name, stem, ending, folders = parts.name, parts.name.split(".")[0], parts.suffix, set(parts.parts[:-1])
    rules = (
        (Role.DOCS, stem in _DOCS_STEMS | _DOCS_STEMS_MORE and ending not in _CODE_ENDINGS),
        (Role.DOCS, bool(folders & _DOCS_FOLDERS) and ending not in _CODE_ENDINGS),
        (Role.WEIGHTS, ending in _WEIGHTS_ENDINGS),
        (Role.DATASET, ending in _DATASET_ENDINGS),
        (Role.CODE, name in _CODE_NAMES),
        (Role.DATASET, bool(folders & _DATASET_FOLDERS) and ending in (".json", ".txt", ".xml", ".gz", "")),
        (Role.CODE, ending in _CODE_ENDINGS),
        (Role.DOCS, ending in _DOCS_ENDINGS),
    )
    return next((role for role, fits in rules if fits), None)
