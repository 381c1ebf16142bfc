"""Follows a pickle's opcodes over kinds of values, as the unpickler would, in linear time and bounded memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from registry.formats.scanning.limits import LimitReached
from registry.formats.scanning.pickles.arrays import array_bytes, is_array_wrapper
from registry.formats.scanning.pickles.endings import Broken, Stopped
from registry.formats.scanning.pickles.findings import Effects, NotCallable, carried
from registry.formats.scanning.pickles.memo import Memo
from registry.formats.scanning.pickles.reader import Reader
from registry.formats.scanning.pickles.values import MAX_ITEMS, PLAIN, UNKNOWN, Box, Global, Made, Unknown, Value

_MAX_STACK = 1_000_000
_NEVER_PUT = Unknown()

Action: TypeAlias = Callable[["Machine"], None]
"""What an opcode does to the machine. Raises Stopped at the stream's end."""


@dataclass(slots=True)
class Budget:
    """How many more opcodes may be followed, and containers made, over all streams that share it; `visited` are the
    places of imports and of protocols."""

    opcodes: int
    visited: set[int] = field(default_factory=set)
    containers: int = 2_000_000


class Machine:
    """One stream from the reader's position on.

    `actions` are what the opcodes do, by their bytes; None where there is no such opcode.
    With `tolerant`, reading began somewhere inside a stream: what is missing on the stack is unknown.
    """

    def __init__(
        self,
        reader: Reader,
        effects: Effects,
        budget: Budget,
        *,
        actions: Sequence[Action | None],
        tolerant: bool = False,
    ) -> None:
        self._actions = actions
        self.reader = reader
        self.effects = effects
        self.budget = budget
        self.memo = Memo()
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.missing: Value | None = UNKNOWN if tolerant else None
        self.depth = 0

    def run(self) -> None:
        """Up to STOP. Raises Broken, EOFError or LimitReached; what was found before is in the effects."""
        byte, budget, actions = self.reader.byte, self.budget, self._actions
        left = budget.opcodes
        try:
            while True:
                left -= 1
                action = actions[byte()]
                if action is None:
                    raise Broken
                action(self)
                if left <= 0:
                    raise LimitReached("over the limit of opcodes")
                if len(self.stack) > _MAX_STACK or budget.containers <= 0:
                    raise LimitReached("its values need too much memory")
        except Stopped:
            return
        except (ValueError, NotCallable) as error:
            raise Broken from error
        finally:
            budget.opcodes = left

    # values

    def push(self, value: Value) -> None:
        self.stack.append(value)

    def pop(self) -> Value:
        floor = self.marks[-1] if self.marks else 0
        if len(self.stack) > floor:
            return self.stack.pop()
        return self._missing()

    def top(self) -> Value:
        if not self.stack:
            self.stack.append(self._missing())
        return self.stack[-1]

    def pop_mark(self) -> list[Value]:
        if not self.marks:
            raise Broken
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def box(self, items: list[Value]) -> Box:
        """The items as a tuple."""
        self.budget.containers -= 1
        return Box(items if len(items) <= MAX_ITEMS else None, _first_carried(items))

    def recall(self, index: int) -> Value:
        """GET of an index that was never put fails, unless reading began inside a stream."""
        found = self.memo.get(index, _NEVER_PUT)
        return self._missing() if found is _NEVER_PUT else found

    def _missing(self) -> Value:
        if self.missing is None:
            raise Broken
        return self.missing

    # actions that change what is known

    def add(self, target: Value, items: list[Value]) -> None:
        """APPEND, SETITEM and their kind."""
        found = _first_carried(items)
        if isinstance(target, Box):
            if target.items is not None:
                if len(target.items) + len(items) <= MAX_ITEMS:
                    target.items.extend(items)
                else:
                    target.items = None
            target.carried = target.carried or found
        elif isinstance(target, Made):
            target.carried = target.carried or found
        elif isinstance(target, Global):
            self.effects.fills(target, self.box(items))

    def call(self, function: Value, arguments: Value) -> None:
        box = arguments if isinstance(arguments, Box) else Box(None, carried(arguments))
        self.push(self.effects.calls(function, box))

    def make(self, kind: Value, arguments: Value) -> None:
        box = arguments if isinstance(arguments, Box) else Box(None, carried(arguments))
        self.push(self.effects.makes(kind, box))

    def build(self) -> None:
        state, target = self.pop(), self.top()
        self.effects.fills(target, state)
        if isinstance(target, Made) and is_array_wrapper(target) and isinstance(state, Box):
            self._array(state)

    def _array(self, state: Box) -> None:
        """joblib writes an array's bytes, or a pickle of its objects, into the stream after its wrapper."""
        size = array_bytes(state)
        if size is None:
            raise LimitReached("an array of joblib whose size is not plain")
        alignment, length = size
        if alignment:
            self.reader.skip(self.reader.byte())
        if length is not None:
            self.reader.skip(length)
            return
        inner = Machine(self.reader, self.effects, self.budget, actions=self._actions)
        inner.depth = self.depth + 1
        if inner.depth > 20:
            raise LimitReached("arrays of objects are nested too deep")
        inner.run()


def _first_carried(items: list[Value]) -> Global | None:
    """What the items are or carry. What is put into them later is found when something is called with them."""
    for item in items:
        kind = type(item)
        if kind is str or kind is int or item is PLAIN:
            continue
        if isinstance(item, Box | Made):
            if item.carried is not None:
                return item.carried
        elif isinstance(item, Global) and carried(item):
            return item
    return None
