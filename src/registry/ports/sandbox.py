"""Running work on untrusted bytes in processes that can be killed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

Result = TypeVar("Result")
MIB = 1024 * 1024


class ByteSource(Protocol):
    """Stored bytes that a job may read, range by range."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    async def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset` on, fewer at the end. Raises NotFound, Unavailable."""


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What one job may take. Work that can stop early should stop before `seconds`: the kill loses everything.

    `seconds` is wall-clock time from the start of the job and bounds its CPU time too. `memory_bytes` is address
    space on top of what an idle process has; programs that the job starts get the same.
    """

    seconds: float = 60.0
    memory_bytes: int = 512 * MIB


class Sandbox(Protocol):
    """Runs pure functions over untrusted bytes, each job in a process of its own that is killed at its limits.

    `user` is whose bytes they are: waiting jobs start in turn, user by user, and no user gets the last free process
    while another job of theirs runs. `urgent` jobs have processes of their own: a request waits for them.
    """

    async def run(
        self,
        function: Callable[..., Result],
        source: ByteSource | None,
        *arguments: object,
        limits: JobLimits,
        user: str = "",
        urgent: bool = False,
    ) -> Result:
        """The value of `function(file, *arguments)`, where `file` is a seekable binary file over `source`.

        Without a source it is `function(*arguments)`. The function is at the top level of a module that imports
        little, or a `functools.partial` of such a one. Arguments are picklable. The result travels as JSON and is
        validated against the annotated return type: dataclasses, tuples, enums, texts (without lone surrogates),
        numbers below 2^63, None.

        Raises ParsingTimedOut, ParsingOutOfMemory, or ParsingCrashed for every other end without a valid result, an
        exception in the function included; and what `source.read` raises. Cancellation kills the process.
        """
