"""A pickle's memo, of which only what can matter is kept."""

from registry.formats.scanning.limits import LimitReached
from registry.formats.scanning.pickles.values import PLAIN, Plain, Value

_MAX_ENTRIES = 500_000
_MAX_TEXT = 64 * 1024 * 1024


class Memo:
    """Values by index. Numbers and bytes are not kept, but counted: MEMOIZE takes the count for its index."""

    def __init__(self) -> None:
        self._values: dict[int, Value] = {}
        self._text = 0
        self._dense = 0  # all indexes below this one are used
        self._sparse: set[int] = set()  # used indexes above it

    def put(self, index: int, value: Value) -> None:
        self._count(index)
        if isinstance(value, Plain | int):
            self._values.pop(index, None)
            return
        if isinstance(value, str):
            self._text += len(value)
        self._values[index] = value
        if len(self._values) > _MAX_ENTRIES or self._text > _MAX_TEXT:
            raise LimitReached("its memo needs too much memory")

    def append(self, value: Value) -> None:
        self.put(self._dense + len(self._sparse), value)

    def get(self, index: int, missing: Value) -> Value:
        """What is kept, PLAIN for what was not worth keeping, `missing` for what was never put."""
        found = self._values.get(index)
        if found is not None:
            return found
        return PLAIN if index < self._dense or index in self._sparse else missing

    def _count(self, index: int) -> None:
        if index == self._dense:
            self._dense += 1
            while self._dense in self._sparse:
                self._sparse.discard(self._dense)
                self._dense += 1
        elif index > self._dense:
            self._sparse.add(index)
            if len(self._sparse) > _MAX_ENTRIES:
                raise LimitReached("its memo needs too much memory")
