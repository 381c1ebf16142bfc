"""What readers need of the walk over a content: its limits, its report, and a way to go on with what they found."""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable

from registry.domain.safety import FindingLevel
from registry.formats.scanning.limits import MIB, LimitReached, ScanLimits
from registry.formats.scanning.pickles.streams import PickleSearch
from registry.formats.scanning.report import Collector
from registry.formats.scanning.sources import Source

_LOOSE = "bytes between its files"


class Walk(ABC):
    """One scan: counts what it reads, and says in the report what it finds and misses."""

    def __init__(self, limits: ScanLimits, collector: Collector, filename: str) -> None:
        self.limits = limits
        self.collector = collector
        self.filename = filename
        self._files = 0
        self._bytes = 0

    def container(self, prefix: str) -> str:
        """The path of the archive whose files' paths begin with `prefix`."""
        return prefix.removesuffix("!/") if prefix else self.filename

    def admits(self, path: str, size: int) -> bool:
        """Whether one more file may be read; says so in the report where not."""
        self._files += 1
        if self._files > self.limits.files:
            raise LimitReached(f"more than {self.limits.files:,} files")
        if size > self.limits.file_bytes:
            self.collector.miss(path, self.too_large())
            return False
        return True

    def spend(self, size: int) -> None:
        """Count unpacked bytes. Raises LimitReached over the limit of the whole content."""
        self._bytes += size
        if self._bytes > self.limits.total_bytes:
            raise LimitReached(f"more than {self.limits.total_bytes // MIB:,} MiB when unpacked")

    def too_large(self) -> str:
        return f"larger than {self.limits.file_bytes // MIB:,} MiB"

    @abstractmethod
    def scan_file(self, path: str, source: Source, *, depth: int, name: str | None = None) -> None:
        """Everything that can be said about one file. `depth` is the number of archives around it; `name` decides as
        what its text is read, where that is not the last part of its path."""

    def scan_loose(self, path: str, source: Source) -> None:
        """Bytes in an archive that belong to no file of it."""
        search = self.search(path, source)
        search.read_start()
        if problem := search.search():
            self.collector.miss(path, f"{_LOOSE}: {problem}")

    def scan_loose_bytes(self, path: str, data: bytes) -> None:
        self.scan_loose(path, Source(io.BytesIO(data), len(data)))

    def say(self, path: str, scanner: str, level: FindingLevel, detail: str) -> None:
        self.collector.find(path, level, scanner, detail)

    def search(self, path: str, source: Source) -> PickleSearch:
        """A search for pickles whose findings go to the report."""
        return PickleSearch(source, self._sayer(path, "pickle"), opcodes=self.limits.opcodes)

    def _sayer(self, path: str, scanner: str) -> Callable[[FindingLevel, str], None]:
        return lambda level, detail: self.collector.find(path, level, scanner, detail)
