"""How many hidden calls the safety scan finds, by method and by container, and how many ordinary files it accuses."""

import io
from collections import Counter

from registry.domain.safety import SafetyStatus, status_of
from registry.formats.scanning.limits import ScanLimits
from registry.formats.scanning.scan import scan_content
from trust.containers import CONTAINERS
from trust.harmless import harmless_files
from trust.hiding import LARGE, METHODS
from trust.models import MODELS
from trust.sections import Section, table

_STATUSES = (SafetyStatus.DANGEROUS, SafetyStatus.SUSPICIOUS, SafetyStatus.NOT_SCANNED, SafetyStatus.CLEAN)
Counts = dict[str, Counter[SafetyStatus]]


def verdict(data: bytes, name: str) -> SafetyStatus:
    return status_of(scan_content(io.BytesIO(data), size=len(data), filename=name, limits=ScanLimits()))


def _by_method() -> str:
    """Every method in every container; the large ones only as a file of their own."""
    counts: Counts = {method: Counter() for method in (*METHODS, *LARGE)}
    for method, data in METHODS.items():
        for container in CONTAINERS.values():
            name, content = container(data)
            counts[method][verdict(content, name)] += 1
    for method, make in LARGE.items():
        counts[method][verdict(make(), "model.pkl")] += 1
    return _table("method", counts)


def _by_container() -> str:
    counts: Counts = {container: Counter() for container in CONTAINERS}
    for name, container in CONTAINERS.items():
        for data in METHODS.values():
            filename, content = container(data)
            counts[name][verdict(content, filename)] += 1
    return _table("container", counts)


def _by_format() -> str:
    rows = [(what, verdict(data, name).value) for what, name, data in MODELS]
    return table(("what the file holds", "verdict"), rows)


def _by_library() -> str:
    counts: Counts = {}
    for library, name, data in harmless_files():
        counts.setdefault(library, Counter())[verdict(data, name)] += 1
    return _table("library", counts)


def _table(first: str, counts: Counts) -> str:
    total: Counter[SafetyStatus] = Counter()
    for count in counts.values():
        total += count
    rows: list[tuple[object, ...]] = [
        (name, count.total(), *(count[status] for status in _STATUSES))
        for name, count in (*counts.items(), ("all", total))
    ]
    return table((first, "files", *(status.value for status in _STATUSES)), rows)


SECTIONS = (
    Section("safety.md", "methods", _by_method),
    Section("safety.md", "containers", _by_container),
    Section("safety.md", "formats", _by_format),
    Section("safety.md", "libraries", _by_library),
)
