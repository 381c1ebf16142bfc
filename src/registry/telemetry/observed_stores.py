"""The ports of bytes, of the cache and of login attempts with every call timed. Streams are handed through."""

from registry.ports.blobs import BlobStore
from registry.ports.cache import RatingCache
from registry.ports.parts import PartStore
from registry.ports.throttle import AttemptCounter
from registry.telemetry.observation import Timed


class ObservedBlobs:
    def __init__(self, port: BlobStore, timed: Timed) -> None:
        self.put = timed(port.put)
        self.read = port.read
        self.copy_range = timed(port.copy_range)
        self.delete = timed(port.delete)
        self.list_blobs = port.list_blobs
        self.presign_download = timed(port.presign_download)
        self.ping = timed(port.ping)


class ObservedParts:
    def __init__(self, port: PartStore, timed: Timed) -> None:
        self.begin = timed(port.begin)
        self.put_part = timed(port.put_part)
        self.list_parts = timed(port.list_parts)
        self.presign_part = timed(port.presign_part)
        self.complete = port.complete
        self.reopen = timed(port.reopen)
        self.finish = timed(port.finish)
        self.abort = timed(port.abort)


class ObservedAttempts:
    def __init__(self, port: AttemptCounter, timed: Timed) -> None:
        self.hit = timed(port.hit)
        self.count = timed(port.count)
        self.refund = timed(port.refund)


class ObservedRatingCache:
    def __init__(self, port: RatingCache, timed: Timed) -> None:
        self.get = timed(port.get)
        self.put = timed(port.put)
        self.delete = timed(port.delete)
