"""How many bytes joblib writes for an array (joblib/numpy_pickle.py, NumpyArrayWrapper)."""

import re

from registry.formats.scanning.pickles.values import Box, Made, Value

_DTYPE = re.compile(r"[<>=|]?([?bBhHiIlLqQefdgFDGSUVOMmcau]|bool|object)(\d{0,9})")
_SIZES = {
    "?": 1,
    "b": 1,
    "B": 1,
    "h": 2,
    "H": 2,
    "e": 2,
    "i": 4,
    "I": 4,
    "f": 4,
    "l": 8,
    "L": 8,
    "q": 8,
    "Q": 8,
    "d": 8,
}
_SIZES |= {"g": 16, "F": 8, "D": 16, "G": 32, "M": 8, "m": 8, "bool": 1}
_MAX_BYTES = 1 << 50
_STRUCTURED_STATE_ITEMS = 6
_MAX_LOOKED = 2_000


def is_array_wrapper(value: Made) -> bool:
    maker = value.maker
    return maker is not None and maker.name == "NumpyArrayWrapper" and "joblib" in (maker.module or "")


def array_bytes(state: Box) -> tuple[bool, int | None] | None:
    """(whether padding precedes, the array's bytes or None for a pickle of objects); None where it cannot be known."""
    items = state.items or []
    members = {key: value for key, value in zip(items[::2], items[1::2], strict=False) if isinstance(key, str)}
    shape, dtype = members.get("shape"), members.get("dtype")
    if not isinstance(shape, Box) or shape.items is None or not isinstance(dtype, Made):
        return None
    count = 1
    for length in shape.items:
        if not isinstance(length, int) or length < 0:
            return None
        count *= length
        if count > _MAX_BYTES:
            return None
    aligned = isinstance(members.get("numpy_array_alignment_bytes"), int)
    item = _item_bytes(dtype)
    if item == 0:
        return aligned and False, None
    return None if item is None else (aligned, count * item)


def _item_bytes(dtype: Made) -> int | None:
    """Bytes of one item, 0 for objects."""
    described = dtype.arguments.items[0] if dtype.arguments.items else None
    match = _DTYPE.fullmatch(described) if isinstance(described, str) else None
    if match is None:
        return None
    kind, digits = match.groups()
    if kind in ("O", "object"):
        return 0
    if kind == "V":
        return _structured_bytes(dtype)
    if not digits:
        return _SIZES.get(kind)
    if kind == "b" and digits == "1":
        return 1
    return int(digits) * (4 if kind == "U" else 1) if kind not in "Mm" else 8


def _structured_bytes(dtype: Made) -> int | None:
    """The size that a structured dtype's state names; not where a field holds objects."""
    state = dtype.state.items if dtype.state is not None else None
    if not state or len(state) <= _STRUCTURED_STATE_ITEMS or (dtype.state and _holds_objects(dtype.state)):
        return None
    size = state[5]
    return size if isinstance(size, int) and 0 <= size < _MAX_BYTES else None


def _holds_objects(state: Box) -> bool:
    """Whether a field holds objects, as far as that is known; True where it is too much to look at."""
    waiting: list[Value] = [state]
    for _ in range(_MAX_LOOKED):
        if not waiting:
            return False
        value = waiting.pop()
        if value in ("O", "O8"):
            return True
        box = value.arguments if isinstance(value, Made) else value
        if isinstance(box, Box):
            if box.items is None:
                return True
            waiting.extend(box.items)
    return True
