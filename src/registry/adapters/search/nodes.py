"""The parts of a parsed pattern: as much of the syntax tree as its cost and its required literals depend on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """One character. `fold`: in any case."""

    character: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """One character out of a set. `instructions` estimates how many RE2 needs for it.

    `members` lists the set where it is small and each member stands for itself, and is empty where it is not known.
    """

    instructions: int
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: the end, the edge of a word, or (`is_beginning`) the beginning; or nothing at all."""

    is_beginning: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`maximum` None: without end."""

    part: "Node"
    minimum: int
    maximum: int | None


Node = Literal | CharacterClass | Assertion | Sequence | Choice | Repeat
NOTHING = Assertion()
