"""The suites there are. A new one is a module with `rows(options)` and a line here."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.report import Row


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure. `quick`: fewer rounds on less data, to see that it works; the figures are rough. `package_mib`:
    the size of the package of `files`, None for the usual one.
    """

    quick: bool
    package_mib: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """`bench/<module>.py`, imported when it is wanted; its `rows(options)` yields rows as they are measured."""

    module: str
    summary: str

    def rows(self, options: Options) -> Iterator[Row]:
        measure: Callable[[Options], Iterator[Row]] = importlib.import_module(f"bench.{self.module}").rows
        return measure(options)


SUITES = {
    "machine": Suite("machine", "what this machine gives: SHA-256, disk, fsync, loopback"),
    "start": Suite("starting", "from the command to the first answer"),
    "reading": Suite("reading", "CPU of health, reads, pages, audit and lineage against bare Starlette routes"),
    "web": Suite("web", "CPU of the web interface's main pages, signed in"),
    "hub": Suite("hub", "what Hugging Face clients ask: HEAD and GET of files, the CPU of a snapshot of 1,000"),
    "listing": Suite("listing", "a page by each filter in the store alone, up to a million packages"),
    "search": Suite("search", "the index alone, up to a million names, against a loop with `re` and ripgrep"),
    "snapshot": Suite("snapshot", "a new host's search index from a snapshot, up to a million packages"),
    "searching": Suite(
        "searching", "searches and pages over HTTP; reads by id while hostile patterns are searched for"
    ),
    "ratings": Suite("ratings", "a cached rating against a read by id, a computation against its slowest source"),
    "publishing": Suite("publishing", "small packages, 16 at a time"),
    "owners": Suite("owners", "what owners and retired versions cost in a publish with SQLite, in the store alone"),
    "backends": Suite("backends", "the scaled backend (DynamoDB Local, versitygw, Redis) beside the embedded one"),
    "units": Suite("units", "calls, capacity units and CPU of each operation at scale, by an engine that counts"),
    "transfers": Suite("transfers", "upload and download of 1 GiB: speed and memory of the server"),
    "artifacts": Suite("artifacts", "0.1 MB to 1 GiB up and down, killed clients"),
    "files": Suite(
        "files", "single files of a package of 512 MiB (--mib: another), against nginx; what manifests add to publishes"
    ),
    "crowds": Suite("crowds", "twenty uploads and a hundred downloads at once, small requests meanwhile"),
}
