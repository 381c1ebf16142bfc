"""Archives for tests, the same bytes each time."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping

Members = Mapping[str, bytes]


def zipped(members: Members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tarred(members: Members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def gzipped_tar(members: Members) -> bytes:
    return gzip.compress(tarred(members), mtime=0)


# Each form with the file name and media type that go with it.
FORMS: Mapping[str, tuple[Callable[[Members], bytes], str, str]] = {
    "zip": (zipped, "model.zip", "application/zip"),
    "tar": (tarred, "model.tar", "application/x-tar"),
    "tar.gz": (gzipped_tar, "model.tar.gz", "application/gzip"),
}
