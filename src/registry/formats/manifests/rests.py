"""The rest of an unpacked tar: the bytes of all files but those that have blobs of their own, one after the other."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator

from registry.formats.manifests.entries import FileEntry, Manifest, Packing, Place, Run


class Rest:
    """Where each of these bytes was in the tar, and where it is in the rest."""

    def __init__(self, runs: Iterator[Run]) -> None:
        ordered = sorted(runs, key=lambda run: run.offset)
        self._starts = array("Q", (run.offset for run in ordered))
        self._lengths = array("Q", (run.length for run in ordered))
        self._places = array("Q")
        at = 0
        for run in ordered:
            self._places.append(at)
            at += run.length
        self.size = at

    @classmethod
    def of(cls, manifest: Manifest, has_own: Callable[[FileEntry], bool]) -> "Rest":
        """Of a compressed tar, without the files that have blobs of their own."""
        return cls(run for entry in manifest.entries() if not has_own(entry) for run in entry.place.runs)

    def place_of(self, entry: FileEntry) -> Place:
        """Where the file's bytes are in the rest, stored as they are."""
        return Place(
            Packing.STORED, tuple(Run(run.at, self._moved(run.offset), run.length) for run in entry.place.runs)
        )

    def spans(self) -> Iterator[tuple[int, int]]:
        """(offset in the tar, length) of what the rest is made of, in order."""
        return zip(self._starts, self._lengths, strict=True)

    def _moved(self, offset: int) -> int:
        index = bisect_right(self._starts, offset) - 1
        return self._places[index] + offset - self._starts[index]
