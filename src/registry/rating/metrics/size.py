"""Does the package fit the devices that people want to run it on?

Formula, per device: log₁₀(budget / bytes), within 0–1: 0 when the weights fill the budget, 1 when they take a tenth of
it or less. The score is the mean over the devices. The budget is half of the device's memory; the other half is left
to the system, the runtime and activations:

- Raspberry Pi 3 Model B+: 1 GB (https://www.raspberrypi.com/products/raspberry-pi-3-model-b-plus/)
- Jetson Nano: 4 GB (https://developer.nvidia.com/embedded/jetson-nano)
- desktop PC: 16 GB, the most common size in the Steam hardware survey (https://store.steampowered.com/hwsurvey)
- AWS server: m5.4xlarge, 64 GB (https://aws.amazon.com/ec2/instance-types/m5/)

The bytes are those of one copy of the weights: safetensors files if there are any, else PyTorch's, unless all
of them are smaller than an eighth of another file of weights (4 bits against float32): such are no copy of it. Else
they are those of the largest file of any other format, with its fellow parts (`-00001-of-00003`). A file of no known
format counts as weights too where it is eight times as large as what was found: no ending hides them. The archive is
asked first, then the hub; where one of them fails, the score is lost. For code and datasets the bytes are those of the
whole content. A model without weights has nothing to run, and a dataset without data nothing to hold: 0.
"""

import re
from collections.abc import Sequence
from math import fsum, log10

from registry.domain.evidence import Evidence, Fact, FileEntry
from registry.domain.ratings import MetricResult, Target
from registry.formats.archives.roles import Role, role_of
from registry.rating.metrics.dataset_and_code import own_data
from registry.rating.results import bounded, counted, lost, measured, unknown

GIB = 1024**3
BUDGET_BYTES = {
    Target.RASPBERRY_PI: GIB // 2,
    Target.JETSON_NANO: 2 * GIB,
    Target.DESKTOP_PC: 8 * GIB,
    Target.AWS_SERVER: 32 * GIB,
}
_FORMATS = (
    ("safetensors", (".safetensors",)),
    ("PyTorch", (".bin", ".pt", ".pth", ".ckpt")),
    ("GGUF", (".gguf",)),
    ("ONNX", (".onnx", ".onnx_data")),
    ("TensorFlow", (".h5", ".keras", ".tflite", ".pb")),
    ("Flax", (".msgpack",)),
    ("pickle", (".pkl", ".pickle", ".joblib")),
    (
        "other",
        (".npz", ".npy", ".nemo", ".pdparams", ".pdiparams", ".params", ".caffemodel", ".weights", ".engine", ".ot"),
    ),
    ("boosted trees", (".ubj", ".cbm", ".bst", ".xgb", ".lgb", ".mlmodel", ".ggml", ".hdf5")),
)
_FORMATS_DIFFER_BY = 8
_PROGRAM = re.compile(r"(?:^|/)(?:bin/|[^/]+\.data/scripts/)")
_LARGE_WITHOUT_ENDING = 1024 * 1024
_SHARD = re.compile(r"-\d{5}-of-\d{5}")
_NO_WEIGHTS = ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth")


def measure(evidence: Evidence) -> MetricResult:
    package = evidence.package.value
    asked: tuple[Fact[object], ...] = (evidence.archive, evidence.hub)
    listings = (
        (evidence.archive, evidence.archive.value and evidence.archive.value.files),
        (evidence.hub, evidence.hub.value and evidence.hub.value.files),
    )
    cut = any(facts.truncated for facts in (evidence.archive.value, evidence.hub.value) if facts)
    for fact, files in listings:
        if fact.failed:
            # What comes after it would say something else: another copy, or the size of the whole archive.
            return lost(*asked)
        if files and (weights := weight_bytes(files)):
            return _scored(weights[1], f"{counted(weights[2], f'{weights[0]} file')} of", fact, cut=cut)
    if not cut and package and package.type != "code" and (nothing := _nothing(evidence, package.type)) is not None:
        return nothing
    if package and package.content_size:
        return _scored(package.content_size, "content of", evidence.package, cut=cut)
    hub_bytes = sum(file.size for file in evidence.hub.value.files) if evidence.hub.value else 0
    if hub_bytes:
        return _scored(hub_bytes, "files on the hub of", evidence.hub, cut=cut)
    return unknown("the package has no content, and no hub lists its files", *asked)


def weight_bytes(files: Sequence[FileEntry]) -> tuple[str, int, int] | None:
    """(format, bytes, number of files) of one copy of the weights among `files`, None when there are none."""
    found = [(name, file) for file in files if file.size > 0 and (name := _format(file.path))]
    largest = max((file.size for _, file in found), default=0)
    alone = len(files) == 1
    unknown_files = (file for file in files if _may_be_weights(file, alone=alone))
    other = max(unknown_files, key=lambda it: it.size, default=None)
    if other is not None and other.size > _FORMATS_DIFFER_BY * largest:
        return "unknown", other.size, 1
    for wanted in ("safetensors", "PyTorch"):
        sizes = [file.size for name, file in found if name == wanted]
        if sizes and sum(sizes) * _FORMATS_DIFFER_BY >= largest:
            return wanted, sum(sizes), len(sizes)
    copies: dict[tuple[str, str], list[int]] = {}
    for name, file in found:
        copies.setdefault((name, _SHARD.sub("", file.path)), []).append(file.size)
    whole = ((name, sum(sizes), len(sizes)) for (name, _), sizes in copies.items())
    return max(whole, key=lambda it: it[1], default=None)


def _nothing(evidence: Evidence, kind: str) -> MetricResult | None:
    """The result where no file, of those that were all listed, can be weights or data; None where none was listed."""
    seen = [fact for fact in (evidence.archive, evidence.hub) if fact.value is not None]
    if not seen:
        return None
    if kind == "dataset" and own_data(evidence)[0]:
        return None
    return measured(
        0.0,
        f"a {kind} without {'data' if kind == 'dataset' else 'weights'}: no file in it can hold any",
        *seen,
        by_target=tuple((target, 0.0) for target in BUDGET_BYTES),
    )


def _may_be_weights(file: FileEntry, *, alone: bool) -> bool:
    """Whether a file is of no kind that is known: neither documentation, data nor code, nor what tools leave behind."""
    name = file.path.lower().rsplit("/", 1)[-1]
    if name.endswith((".json", ".txt")):
        return "model" in name and role_of(file.path) is not Role.DOCS
    if role_of(file.path) is not None or name.endswith(_NO_WEIGHTS):
        return False
    if _PROGRAM.search(file.path):
        return False
    has_ending = "." in name.strip(".")
    return alone or file.size >= _LARGE_WITHOUT_ENDING or (has_ending and not name.startswith("."))


def _format(path: str) -> str | None:
    if path.endswith(_NO_WEIGHTS):
        return None
    return next((name for name, endings in _FORMATS if path.lower().endswith(endings)), None)


def _scored(size: int, what: str, fact: Fact[object], *, cut: bool) -> MetricResult:
    by_target = tuple((target, bounded(log10(budget / size))) for target, budget in BUDGET_BYTES.items())
    shown = ", ".join(f"{target.value} {BUDGET_BYTES[target] / GIB:g} GiB" for target, _ in by_target)
    score = fsum(score for _, score in by_target) / len(by_target)
    return measured(
        score,
        f"{what} {size:,} bytes against memory budgets of {shown}"
        + ("; not all files were listed, and more weights may be among them" if cut else ""),
        fact,
        low=0.0 if cut else None,
        high=1.0 if cut else None,
        by_target=by_target,
    )
