"""Jupyter notebooks as text: cells and what they printed. Nothing runs, and rich output is named, not shown."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

_CELLS = 200
_OUTPUTS = 20
_OUTPUT_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """`kind`: `markdown`, `code` or `raw`. `number` is that of the execution, None for a cell that never ran."""

    kind: str
    source: str
    outputs: list[str]
    number: int | None


@dataclass(frozen=True, slots=True)
class Cells:
    shown: list[Cell]
    cut: bool


def read_notebook(text: str) -> Cells | None:
    """The first cells of a notebook (https://nbformat.readthedocs.io, version 4); None for what is none."""
    try:
        notebook = orjson.loads(text)
    except ValueError:
        return None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return None
    shown = [_cell(cell) for cell in islice(cells, _CELLS) if isinstance(cell, dict)]
    return Cells(shown, len(cells) > _CELLS)


def _cell(cell: dict[str, Any]) -> Cell:
    kind = cell.get("cell_type")
    outputs = cell.get("outputs")
    shown = [_output(output) for output in islice(outputs, _OUTPUTS)] if isinstance(outputs, list) else []
    number = cell.get("execution_count")
    return Cell(
        kind if kind in ("markdown", "code") else "raw",
        _joined(cell.get("source")),
        [output for output in shown if output],
        number if isinstance(number, int) else None,
    )


def _output(output: Any) -> str:
    if not isinstance(output, dict):
        return ""
    match output.get("output_type"):
        case "stream":
            return _joined(output.get("text"))[:_OUTPUT_CHARACTERS]
        case "error":
            return f"{output.get('ename')}: {output.get('evalue')}"[:_OUTPUT_CHARACTERS]
    data = output.get("data")
    if not isinstance(data, dict):
        return ""
    others = ", ".join(str(media_type) for media_type in islice(data, 10) if media_type != "text/plain")
    plain = _joined(data.get("text/plain"))[:_OUTPUT_CHARACTERS]
    return f"{plain}\n({others}: not shown)".strip() if others else plain


def _joined(text: Any) -> str:
    """Text, which a notebook may hold as a list of lines."""
    if isinstance(text, list):
        return "".join(piece for piece in text if isinstance(piece, str))
    return text if isinstance(text, str) else ""
