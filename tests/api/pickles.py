"""Contents for tests of safety: a pickle that runs code when it is loaded, each with bytes of its own."""

import io
import os
import pickle
import zipfile

from tests.api.support import unique


class _Deadly:
    def __init__(self, text: str) -> None:
        self._text = text

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self._text,)


def dangerous() -> bytes:
    """A pickle that would call `os.system`."""
    return pickle.dumps(_Deadly(f"echo never run {unique()}"))


def clean() -> bytes:
    """A pickle of plain data."""
    return pickle.dumps({"name": unique()})


def zipped(**files: bytes) -> bytes:
    """A zip; `_` in a name stands for `.`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name, data in files.items():
            members.writestr(name.replace("_", "."), data)
    return archive.getvalue()


def encrypted() -> bytes:
    """A zip whose only member says that it is encrypted."""
    data = bytearray(zipped(model_pkl=clean()))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    return bytes(data)
