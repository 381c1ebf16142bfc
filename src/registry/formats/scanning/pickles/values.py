"""What the interpreter knows of a pickle's values: enough to say what is called with what, in bounded memory."""

from dataclasses import dataclass, field
from typing import TypeAlias

MAX_ITEMS = 64
"""Containers keep their items up to so many; of larger ones only what they carry is known."""


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the stream imports. None: the stream computes it, so that no reader can know it."""

    module: str | None
    name: str | None

    def __str__(self) -> str:
        if self.module is None and self.name is None:
            return "a name that the stream computes"
        return f"{self.module or '?'}.{self.name or '?'}"


@dataclass(slots=True)
class Box:
    """A tuple, list, dict or set. `carried`: a global that must not be called, somewhere in it."""

    items: list["Value"] | None = field(default_factory=list)
    carried: Global | None = None


@dataclass(slots=True)
class Made:
    """What a call gave. `carried` as for Box; `state` is what BUILD filled in, where a reader needs it."""

    maker: Global | None
    arguments: Box
    carried: Global | None = None
    state: Box | None = None


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes in the stream: they may be a file that the stream has loaded."""

    start: int
    length: int


class Plain:
    """A value that can neither be called nor name anything: numbers, bytes, long text."""

    __slots__ = ()


class Unknown:
    """Anything at all: what lay on the stack before the point where reading began."""

    __slots__ = ()


PLAIN, UNKNOWN = Plain(), Unknown()
Value: TypeAlias = Global | Box | Made | Bytes | Plain | Unknown | str | int
