"""How often the bytes of a package pass through the kernel: to serve them, once in and once out (/proc/<pid>/io).

`rchar` and `wchar` count what a process asked the kernel to read and to write, sockets included.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.conftest import ServerFactory
from tests.api.support import Person, log_in, publish
from tests.api.uploads import complete, opened, send_all

pytestmark = pytest.mark.performance

_MIB = 2**20
_SIZE = 32 * _MIB
_ONCE = _SIZE + 4 * _MIB
"""All bytes once, and what else goes on: heads, records, metrics, health."""


@dataclass(frozen=True, slots=True)
class Counted:
    read: int
    written: int


class Meter:
    """What a process has read and written since the last look."""

    def __init__(self, process_id: int) -> None:
        self._path = Path(f"/proc/{process_id}/io")
        self._seen = self._now()

    def since(self) -> Counted:
        before, self._seen = self._seen, self._now()
        return Counted(self._seen.read - before.read, self._seen.written - before.written)

    def _now(self) -> Counted:
        fields = dict(line.split(": ") for line in self._path.read_text().splitlines())
        return Counted(int(fields["rchar"]), int(fields["wchar"]))


@pytest.fixture
def person(start: ServerFactory) -> Iterator[tuple[Person, Meter]]:
    server = start()
    assert server.process is not None
    admin = log_in(server.url, server.admin_name, server.admin_password)
    with admin.client:
        publish(admin.client, b"warm")
        yield admin, Meter(server.process.pid)


def published(admin: Person) -> str:
    """The path of a package whose rating, which looks into the content too, is over."""
    one = f"/package/{publish(admin.client, bytes(_SIZE))['id']}"
    admin.client.get(f"{one}/rate", params={"wait": 30}).raise_for_status()
    return one


def test_an_upload_passes_once_and_its_rating_once_more(person: tuple[Person, Meter]) -> None:
    admin, meter = person
    meter.since()
    published(admin)
    counted = meter.since()
    # The rating hands its scanners a copy, and reads that.
    assert _SIZE <= counted.read <= 2 * _SIZE + _ONCE
    assert _SIZE <= counted.written <= _SIZE + _ONCE


def test_a_download_is_read_once_and_written_once(person: tuple[Person, Meter]) -> None:
    admin, meter = person
    one = published(admin)
    meter.since()
    assert len(admin.client.get(f"{one}/content").content) == _SIZE
    counted = meter.since()
    assert counted.read <= _ONCE
    assert counted.written <= _ONCE


def test_parts_are_not_copied_to_become_a_package(person: tuple[Person, Meter]) -> None:
    admin, meter = person
    data = bytes(_SIZE)
    upload = opened(admin, data)
    meter.since()
    send_all(admin, upload, data)
    sent = meter.since()
    assert sent.read <= _ONCE
    assert sent.written <= _ONCE
    assert complete(admin, upload).status_code == 201
    completed = meter.since()
    assert completed.read <= _ONCE  # for the digest of the whole
    assert completed.written <= 4 * _MIB
