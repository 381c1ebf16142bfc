"""What is found in honest archives."""

import gzip
import tarfile
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from registry.adapters.filesystem import FilesystemBlobStore
from registry.adapters.processes.sandbox import PoolPlan, open_sandbox
from registry.domain.errors import NotFound
from registry.domain.packages import MAX_README_BYTES, Dependency
from registry.formats.archives.facts import ArchiveFacts
from registry.formats.archives.kinds import looks_like_archive
from registry.ports.blobs import BlobStore
from registry.services.packages.archive_reading import ArchiveReader
from tests.sandbox import DirectSandbox
from tests.unit.archives import (
    CARD,
    MAKERS,
    MIT_TEXT,
    BytesBlobs,
    Files,
    look_into,
    make_tar,
    make_tar_gz,
    make_zip,
)

Make = Callable[[Files], bytes]
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every_kind
@pytest.mark.parametrize("folder", ["", "bert-tiny/", "./", "./bert-tiny/"])
async def test_finds_everything_at_the_root_or_in_the_single_folder(make: Make, folder: str) -> None:
    facts = await look_into(
        make(
            {
                f"{folder}weights.bin": bytes(100_000),
                f"{folder}README.md": CARD,
                f"{folder}LICENSE": MIT_TEXT,
                f"{folder}src/README.md": "of the sources",
            }
        )
    )
    assert facts == ArchiveFacts(
        readme=CARD,
        license="Apache-2.0",
        dependencies=(
            Dependency("base_model", "google-bert/bert-base-uncased"),
            Dependency("dataset", "bookcorpus"),
            Dependency("dataset", "wikipedia"),
        ),
    )


@every_kind
async def test_license_text_counts_where_the_card_states_none(make: Make) -> None:
    facts = await look_into(make({"readme.MD": "# Plain", "License.txt": MIT_TEXT}))
    assert (facts.readme, facts.license) == ("# Plain", "MIT")


@every_kind
async def test_folder_does_not_count_beside_other_things(make: Make) -> None:
    assert await look_into(make({"one/README.md": "one", "two/README.md": "two"})) == ArchiveFacts()
    assert (await look_into(make({"docs/README.md": "of the docs", "setup.py": ""}))).readme is None
    assert (await look_into(make({"docs/README.md": "of the docs", "README.txt": "of all"}))).readme == "of all"


@every_kind
async def test_what_a_mac_adds_does_not_count(make: Make) -> None:
    files = {"bert/README.md": "right", "__MACOSX/bert/._README.md": "\0", "bert/._LICENSE": "x", ".DS_Store": "x"}
    assert (await look_into(make(files))).readme == "right"


@every_kind
@pytest.mark.parametrize("turn", [1, -1])
async def test_best_name_wins_in_any_order(make: Make, turn: int) -> None:
    names = ["README", "README.rst", "README.md", "readme.txt"][::turn]
    assert (await look_into(make({name: name for name in names}))).readme == "README.md"


@every_kind
async def test_model_card_adds_to_the_readme_or_stands_for_it(make: Make) -> None:
    card = "---\nlicense: mit\nbase_model: org/base\n---\n# Card"
    alone = await look_into(make({"model_card.md": card}))
    assert (alone.readme, alone.license) == (card, "MIT")
    beside = await look_into(make({"README.md": "# Read me", "MODEL_CARD.md": card}))
    assert (beside.readme, beside.license) == ("# Read me", "MIT")
    assert beside.dependencies == (Dependency("base_model", "org/base"),)


@every_kind
async def test_python_packages_state_their_license_in_their_metadata(make: Make) -> None:
    metadata = "Metadata-Version: 2.4\nName: demo\nLicense-Expression: MIT OR Apache-2.0\n\nLicense-Expression: no"
    wheel = {"demo/__init__.py": "", "demo-1.0.dist-info/METADATA": metadata, "demo-1.0.dist-info/RECORD": ""}
    sdist = {"demo-1.0/PKG-INFO": metadata.replace("\n", "\r\n"), "demo-1.0/README.rst": "Demo"}
    assert (await look_into(make(wheel))).license == "MIT OR Apache-2.0"
    found = await look_into(make(sdist))
    assert (found.license, found.readme) == ("MIT OR Apache-2.0", "Demo")


@every_kind
@pytest.mark.parametrize("character", ["x", "é", "€", "🔑"])
async def test_long_readme_ends_with_a_whole_character(make: Make, character: str) -> None:
    text = "abc" + character * MAX_README_BYTES
    readme = (await look_into(make({"README.md": text}))).readme
    assert readme is not None
    assert text.startswith(readme)
    assert MAX_README_BYTES - 4 < len(readme.encode()) <= MAX_README_BYTES


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfwith a mark", "with a mark"),
        (b"caf\xe9 au lait", "caf\ufffd au lait"),
        ("sixteen bits".encode("utf-16"), "sixteen bits"),
        (b"\x7fELF\0\0", None),
        (b"\xff" * MAX_README_BYTES, "\ufffd" * (MAX_README_BYTES // 3)),
    ],
)
async def test_text_is_decoded_honestly(data: bytes, text: str | None) -> None:
    assert (await look_into(make_zip({"README": data}))).readme == text


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_zip_methods(compression: int) -> None:
    assert (await look_into(make_zip({"README": "x" * 1000}, compression=compression))).readme == "x" * 1000


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
async def test_tar_formats_with_long_names(format: int) -> None:  # noqa: A002 (tarfile's word)
    folder = "f" * 90
    data = make_tar({f"{folder}/{'n' * 80}": "x", f"{folder}/README.md": "right"}, format=format)
    assert (await look_into(data)).readme == "right"


async def test_tar_names_that_only_extended_headers_hold() -> None:
    folder = "Größe" * 40
    for tar_format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        facts = await look_into(make_tar({f"{folder}/README.md": "right"}, format=tar_format))
        assert facts.readme == "right"


async def test_joined_gzip_files_are_one() -> None:
    tar = make_tar({"a/weights": bytes(3000), "a/README.md": "right"})
    assert (await look_into(gzip.compress(tar[:2000]) + gzip.compress(tar[2000:]))).readme == "right"


async def test_other_bytes_hold_nothing() -> None:
    for data in (b"", b"PK", b"\x1f\x8b", b"README.md", b"\x93NUMPY" + bytes(1000), bytes(10_000)):
        assert await look_into(data) == ArchiveFacts()


@pytest.mark.parametrize("files", [{}, {"a": "b"}])
@every_kind
def test_kind_is_told_by_the_first_bytes(make: Make, files: Files) -> None:
    data = make(files)
    expected = next(name for name, maker in MAKERS.items() if maker is make)
    # A tar without entries is 10 KiB of zeros, which nobody can tell from other zeros.
    assert looks_like_archive(data) == (expected if files or make is make_zip else None)


def test_compressed_text_is_no_archive() -> None:
    assert looks_like_archive(gzip.compress(b"just text" * 1000)) is None
    assert looks_like_archive(make_tar_gz({"a": "b"})[:15]) is None


class CountingBlobs(BytesBlobs):
    """Passes reads on to a store and notes their lengths."""

    def __init__(self, store: BlobStore) -> None:
        super().__init__(b"")
        self.store = store
        self.lengths: list[int] = []

    @asynccontextmanager
    async def read(
        self, key: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.lengths.append(length or 0)
        async with self.store.read(key, offset=offset, length=length) as chunks:
            yield chunks


@pytest.mark.performance
async def test_five_gigabytes_cost_a_few_small_reads(tmp_path: Path) -> None:
    store = FilesystemBlobStore.open(tmp_path)
    blobs = CountingBlobs(store)
    key = "00" * 16
    size = _make_sparse_zip(tmp_path / "00" / key)
    async with open_sandbox(urgent=PoolPlan(1), background=PoolPlan(1)) as sandbox:
        facts = await ArchiveReader(blobs, sandbox).look_into(key, size=size, user="alice")
    store.close()
    assert size > 5 * 2**30
    assert facts.readme == "behind five gigabytes"
    assert 0 < len(blobs.lengths) <= 8
    assert sum(blobs.lengths) <= 2**20


def _make_sparse_zip(path: Path) -> int:
    """A zip64 whose README stands behind a hole of 5 GiB."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/weights.bin", "x")
        archive.start_dir = 5 * 2**30
        archive.writestr("model/README.md", "behind five gigabytes")
    return path.stat().st_size


async def test_missing_blob_is_the_stores_word() -> None:
    with pytest.raises(NotFound):
        await ArchiveReader(BytesBlobs(b""), DirectSandbox()).look_into("other", size=100, user="alice")
