"""The walk over a content: decides for each file which readers look at it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from registry.formats.scanning.compressed import scan_compressed
from registry.formats.scanning.kinds import Kind, broken_promise, kinds_of, unreadable
from registry.formats.scanning.limits import LimitReached
from registry.formats.scanning.models.arrays import scan_npy
from registry.formats.scanning.models.gguf import scan_gguf
from registry.formats.scanning.models.hdf5 import scan_hdf5
from registry.formats.scanning.models.protobufs import scan_protobuf
from registry.formats.scanning.models.tensors import scan_safetensors
from registry.formats.scanning.models.texts import scan_text
from registry.formats.scanning.pickles.streams import Outcome
from registry.formats.scanning.sources import Source
from registry.formats.scanning.tars import PlainStream, scan_tar
from registry.formats.scanning.unpacking import brought_near
from registry.formats.scanning.walk import Walk
from registry.formats.scanning.zips import scan_zip

_COMPRESSED = (Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.ZSTD, Kind.LZ4, Kind.LZMA, Kind.ZLIB, Kind.ZLIB_FILE)
_ARCHIVES = (Kind.ZIP, Kind.TAR, *_COMPRESSED)


class ContentWalk(Walk):
    """One scan. Archives inside archives come back here with `depth` one higher."""

    def scan_content(self, source: Source) -> None:
        """The content itself. An archive may be larger than a file may: its files are read one by one."""
        if source.size > self.limits.file_bytes and not any(kind in kinds_of(source) for kind in _ARCHIVES):
            self.collector.miss(self.filename, self.too_large())
            source = source.part(0, self.limits.file_bytes)
        self.scan_file(self.filename, source, depth=0)

    def scan_file(self, path: str, source: Source, *, depth: int, name: str | None = None) -> None:
        kinds = kinds_of(source)
        if any(kind in _ARCHIVES for kind in kinds) and not depth:
            self._scan(path, source, kinds, depth=depth, name=name)
            return
        with brought_near(source, memory=self.limits.spool_bytes) as near:
            self._scan(path, near, kinds, depth=depth, name=name)

    def _scan(self, path: str, source: Source, kinds: list[Kind], *, depth: int, name: str | None) -> None:
        name = path.rsplit("/", 1)[-1] if name is None else name
        foreign = unreadable(source.head, name)
        if foreign:
            self.collector.miss(path, foreign)
        search = self.search(path, source)
        outcome = Outcome()
        with self._guarded(path):
            outcome = search.read_start()
            if outcome.problem:
                self.collector.miss(path, outcome.problem)
            self._embedded(path, source, outcome, depth=depth)
        covered = False
        for kind in kinds:
            with self._guarded(path):
                covered |= self._read(kind, path, name, source, depth=depth)
        with self._guarded(path):
            scan_text(self, path, name, source)
        with self._guarded(path):
            if not covered and (problem := search.search()):
                self.collector.miss(path, problem)
        with self._guarded(path):
            if not covered:
                scan_protobuf(self, path, source)
        if not foreign and (reason := broken_promise(name, kinds, pickles=outcome.pickles)):
            self.collector.miss(path, reason)
        self.collector.read(path)

    def _read(self, kind: Kind, path: str, name: str, source: Source, *, depth: int) -> bool:
        """What one reader says. Whether it has looked at every byte, so that no search for pickles is needed."""
        if kind in _COMPRESSED:
            return scan_compressed(self, source, kind, path=path, name=name, depth=depth)
        if kind in (Kind.ZIP, Kind.TAR):
            return self._archive(path, source, kind, depth=depth)
        if reader := _READERS.get(kind):
            reader(self, path, name, source)
        return False

    def _embedded(self, path: str, source: Source, outcome: Outcome, *, depth: int) -> None:
        """Files in a pickle's bytes that loading it loads as well."""
        for data in outcome.files:
            if depth > self.limits.depth:
                self.collector.miss(path, f"nested more than {self.limits.depth} files deep")
                return
            self.scan_file(path, source.part(data.start, data.start + data.length), depth=depth + 1, name="")

    @contextmanager
    def _guarded(self, path: str) -> Iterator[None]:
        """A reader that fails on crafted bytes is a file that was not read, and no end of the scan."""
        try:
            yield
        except (LimitReached, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other files are read, and this one is not clean
            self.collector.miss(path, f"its reader failed: {type(error).__name__}")

    def _archive(self, path: str, source: Source, kind: Kind, *, depth: int) -> bool:
        if depth >= self.limits.depth:
            self.collector.miss(path, f"nested more than {self.limits.depth} archives deep")
            return False
        prefix = f"{path}!/" if depth else ""
        if kind is Kind.ZIP:
            return scan_zip(self, source, prefix=prefix, depth=depth + 1)
        scan_tar(self, PlainStream(source), prefix=prefix, depth=depth + 1)
        return True


_READERS: dict[Kind, Callable[[Walk, str, str, Source], None]] = {
    Kind.NPY: scan_npy,
    Kind.HDF5: scan_hdf5,
    Kind.GGUF: scan_gguf,
    Kind.SAFETENSORS: scan_safetensors,
}
