"""The values that were used last, up to a number of them or of their bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Up to `most` values by key; a new one takes the place of the one that was not used for longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def get(self, key: K) -> V | None:
        """The value, which counts as a use of it; None when there is none."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: K, value: V) -> None:
        """Add a value or replace one."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget a value, if there is one."""
        self._values.pop(key, None)


class RecentBytes(Generic[K, V]):
    """Values by key, up to `most_bytes` by `size`; a new one takes the place of those that were not used for longest.

    The newest stays, even when it alone is larger.
    """

    def __init__(self, most_bytes: int, *, size: Callable[[V], int]) -> None:
        """The size of a value must not change."""
        self._most_bytes = most_bytes
        self._size = size
        self._bytes = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which counts as a use of it; None when there is none."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Add a value or replace one."""
        self.drop(key)
        self._values[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._most_bytes and len(self._values) > 1:
            _, dropped = self._values.popitem(last=False)
            self._bytes -= self._size(dropped)

    def drop(self, key: K) -> None:
        """Forget a value, if there is one."""
        value = self._values.pop(key, None)
        if value is not None:
            self._bytes -= self._size(value)
