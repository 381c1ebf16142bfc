"""A sandbox without processes: the job runs at once, where the test does."""

import io
from collections.abc import Callable
from typing import TypeVar

from registry.domain.card_facts import CardReading, ProjectFacts
from registry.domain.errors import ParsingCrashed
from registry.formats.card_reading import read_card_text
from registry.formats.project_files import read_project
from registry.ports.sandbox import ByteSource, JobLimits

_Result = TypeVar("_Result")


class DirectSandbox:
    """Implements Sandbox, without its limits."""

    async def run(
        self,
        function: Callable[..., _Result],
        source: ByteSource | None,
        *arguments: object,
        limits: JobLimits,
        user: str = "",
        urgent: bool = False,
    ) -> _Result:
        files = () if source is None else (io.BytesIO(await source.read(0, source.size)),)
        try:
            return function(*files, *arguments)
        except Exception as error:
            raise ParsingCrashed(type(error).__name__) from error


class DirectCards:
    """Implements CardReader."""

    async def read(self, card: str, *, names: tuple[str, ...], user: str) -> CardReading:
        return read_card_text(card, names)

    async def read_project(self, pyproject: str, *, user: str) -> ProjectFacts | None:
        return read_project(pyproject)
