"""Manifests: the same files, digests and order in every form of archive; and what makes one unreadable."""

import gzip
import hashlib
import io
import random
import tarfile
import zlib
from pathlib import Path

import pytest

from registry.adapters.filesystem.blobs import FilesystemBlobStore
from registry.formats.archives.roles import Role
from registry.formats.manifests.entries import SINGLE, FileEntry, Manifest
from registry.formats.manifests.job import ManifestReading, is_surely_single
from registry.services.files.opening import open_file
from tests.archive_forms import FORMS, tarred, zipped
from tests.factories import make_content
from tests.unit.manifests import manifest_of, read

_RANDOM = random.Random(17)  # noqa: S311 (test data)
SCREENSHOT = "Screenshot 2026-01-02 at 3.04.05\u202fPM.png"
FILES = {
    "z.txt": b"the last by code point? no: upper case comes first",
    "README.md": b"# bert\n" * 40,
    "model.safetensors": _RANDOM.randbytes(300_000),
    "zeros.bin": bytes(1_200_000),
    "empty": b"",
    "data/train.csv": b"a,b\n1,2\n" * 5_000,
    "docs/grüße/" + "long" * 20 + "/" + "name" * 15 + ".rst": "Grüße\n".encode(),
    SCREENSHOT: b"png",
    "data-1.csv": b"before data/ by code point",
    "emoji/\U0001f600": b":)",
    "emoji/\uffee": b"before the emoji by code point, after it in UTF-16",
}


@pytest.fixture(scope="module", params=FORMS)
def packed(request: pytest.FixtureRequest) -> bytes:
    return FORMS[request.param](FILES)


def test_lists_each_file_with_its_digests_in_code_point_order(packed: bytes) -> None:
    manifest = manifest_of(packed)
    found = list(manifest.entries())
    assert [entry.path for entry in found] == sorted(FILES)
    for entry in found:
        data = FILES[entry.path]
        assert entry.size == len(data)
        assert entry.sha256 == hashlib.sha256(data).hexdigest()
        assert entry.crc32 == zlib.crc32(data)
        assert manifest.find(entry.path) == entry
    assert (manifest.files, manifest.bytes) == (len(FILES), sum(map(len, FILES.values())))
    assert manifest.find("model.safetensors").part is Role.WEIGHTS  # type: ignore[union-attr]
    for path in ("", "model", "model.safetensors2", "a folder", "a link", "zz"):
        assert manifest.find(path) is None


async def test_any_range_of_each_file_can_be_opened(packed: bytes, tmp_path: Path) -> None:
    manifest = manifest_of(packed)
    blobs = FilesystemBlobStore.open(tmp_path)
    blob = await blobs.put(pieces(packed))
    content = make_content(blob_key=blob.key, size=blob.size)
    spots = random.Random(3)  # noqa: S311 (test data)
    for path, data in FILES.items():
        entry = manifest.find(path)
        assert entry is not None
        for start, length in ((0, len(data)), (len(data), 0), *some_ranges(spots, len(data))):
            opening = open_file(blobs, content, manifest.container, entry, offset=start, length=length)
            async with opening as chunks:
                assert b"".join([chunk async for chunk in chunks]) == data[start : start + length]
    blobs.close()


def some_ranges(spots: random.Random, size: int) -> list[tuple[int, int]]:
    starts = [spots.randrange(size) for _ in range(3)] if size else []
    return [(start, spots.randrange(size - start)) for start in starts]


async def pieces(data: bytes):  # type: ignore[no-untyped-def]
    yield data


def test_pages_follow_each_other_and_prefixes_are_plain_text() -> None:
    manifest = manifest_of(zipped({**FILES, "data*/x": b"", "data/t[r].csv": b""}))
    walked: list[str] = []
    after: str | None = None
    while True:
        page, after = manifest.list_page(after=after, limit=2)
        walked += [entry.path for entry in page]
        if after is None:
            break
    assert walked == sorted({*FILES, "data*/x", "data/t[r].csv"})
    for prefix in ("data", "data/", "data*", "data/t[", "nothing", "\U0001f600", SCREENSHOT):
        page, after = manifest.list_page(prefix=prefix, limit=200)
        assert [entry.path for entry in page] == [path for path in walked if path.startswith(prefix)]
        assert after is None
    assert manifest.list_page(prefix="data/", after="data/t[r].csv", limit=9)[0][0].path == "data/train.csv"
    assert manifest.list_page(prefix="data/", after="zzz", limit=9) == ([], None)


@pytest.mark.parametrize("data", [b"", b"plain text", gzip.compress(b"no tar" * 500, mtime=0), b"PK", bytes(2048)])
def test_what_is_no_archive_is_a_single_file(data: bytes) -> None:
    assert read(data) == ManifestReading(SINGLE)


def test_only_what_may_be_an_archive_needs_a_job() -> None:
    assert is_surely_single(b"plain text", b"plain text")
    for form in FORMS.values():
        data = form({"a": b"b"})
        assert not is_surely_single(data[:4096], data[-66_000:])


def test_limits_end_the_walk() -> None:
    assert "more than 2 files" in read(zipped({"a": b"", "b": b"", "c": b""}), files=2).problem
    assert "MiB together" in read(gzip.compress(tarred({"a": bytes(3_000_000)})), unpacked_bytes=1_000_000).problem
    assert "too long together" in read(zipped({"a": b"", "b": b""}), text_bytes=200).problem
    assert "longer than 0 s" in read(zipped({"a": b"1"}), seconds=0).problem
    assert "table of contents is larger" in read(zipped({"a": b"1"}), directory_bytes=20).problem


SPARSE = {100_000: b"first", 250_000: b"second" * 300, 299_999: b"!"}
EXPANDED = b"".join(
    (b"\0" * (at - end) + data)
    for (at, data), end in zip(SPARSE.items(), [0, *(at + len(data) for at, data in SPARSE.items())][:-1], strict=True)
)


def sparse_tar(form: str) -> bytes:
    """A tar with a sparse file, in each of the forms that GNU tar has written."""
    data = b"".join(SPARSE.values())
    spans = [(at, len(part)) for at, part in SPARSE.items()]
    entry = tarfile.TarInfo("holes.bin")
    if form == "old":
        return _old_gnu_header(len(data), spans) + data + bytes(-len(data) % 512) + tarred({"after": b"1"})
    headers = {"GNU.sparse.name": "holes.bin"}
    if form == "1.0":
        lines = f"{len(spans)}\n" + "".join(f"{at}\n{length}\n" for at, length in spans)
        data = lines.encode().ljust(512, b"\0") + data
        headers |= {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(len(EXPANDED))}
    else:
        headers |= {
            "GNU.sparse.size": str(len(EXPANDED)),
            "GNU.sparse.map": ",".join(f"{at},{length}" for at, length in spans),
        }
    entry.name, entry.size, entry.pax_headers = "GNUSparseFile.1/holes.bin", len(data), headers
    return entry.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512) + tarred({"after": b"1"})


def _old_gnu_header(stored: int, spans: list[tuple[int, int]]) -> bytes:
    entry = tarfile.TarInfo("holes.bin")
    entry.size, entry.type = stored, tarfile.GNUTYPE_SPARSE
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    for place, span in enumerate(spans):
        header[386 + 24 * place : 410 + 24 * place] = b"".join(b"%011o\0" % number for number in span)
    header[483:495] = b"%011o\0" % len(EXPANDED)
    header[148:156] = b" " * 8
    header[148:155] = b"%06o\0" % sum(header)
    return bytes(header)


@pytest.mark.parametrize("form", ["old", "0.1", "1.0"])
@pytest.mark.parametrize("compressed", [False, True])
async def test_sparse_files_are_expanded(form: str, tmp_path: Path, *, compressed: bool) -> None:
    plain = sparse_tar(form)
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        extracted = archive.extractfile("holes.bin")
        assert extracted is not None
        assert extracted.read() == EXPANDED  # by another reader
    data = gzip.compress(plain) if compressed else plain
    manifest = manifest_of(data)
    assert [entry.path for entry in manifest.entries()] == ["after", "holes.bin"]
    entry = manifest.find("holes.bin")
    assert entry is not None
    assert (entry.size, entry.sha256) == (len(EXPANDED), hashlib.sha256(EXPANDED).hexdigest())
    blobs = FilesystemBlobStore.open(tmp_path)
    blob = await blobs.put(pieces(data))
    content = make_content(blob_key=blob.key, size=blob.size)
    for start, length in ((0, len(EXPANDED)), (99_990, 20), (5, 10), (200_000, 60_000), (299_999, 1), (120_000, 5)):
        async with open_file(blobs, content, manifest.container, entry, offset=start, length=length) as chunks:
            assert b"".join([chunk async for chunk in chunks]) == EXPANDED[start : start + length]
    blobs.close()


@pytest.mark.parametrize("entry", [FileEntry.parse("a\t1\tff\t0000002a\tweights\t7\td5+7")])
def test_lines_give_their_entries(entry: FileEntry) -> None:
    assert FileEntry.parse(entry.line()) == entry
    with pytest.raises(ValueError, match="not a manifest"):
        Manifest(b'{"format":2}\n')
