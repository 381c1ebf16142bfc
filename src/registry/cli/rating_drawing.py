"""A rating on the terminal: the metrics as bars, what each rests on beneath."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from registry.cli.text import one_line

if TYPE_CHECKING:
    from rich.text import Text

_BAR_CELLS = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_INDENT = (0, 0, 0, 4)


def draw_rating(rating: Mapping[str, Any]) -> None:
    """The metrics with their evidence, what scanners said, the net score below all."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"{'metric':<19}{'score':<26}weight", style="dim"))
    for name, metric in rating["metrics"].items():
        console.print(_headline(name, metric))
        for stated in _evidence(metric):
            console.print(Padding(Text(one_line(stated), style="dim"), _INDENT, expand=False))
    if rating["findings"]:
        console.print(Text(f"content: {rating['safety']}", style="bold"))
    for finding in rating["findings"]:
        stated = f"{finding['level']}: {finding['path']}: {finding['detail']} ({finding['scanner']})"
        style = "red" if finding["level"] == "dangerous" else "dim"
        console.print(Padding(Text(one_line(stated), style=style), _INDENT, expand=False))
    console.print(_net_score(rating))


def bar(score: float | None) -> str:
    """Twenty cells, filled to an eighth of a cell; dots where nothing is known."""
    if score is None:
        return "·" * _BAR_CELLS
    eighths = round(score * _BAR_CELLS * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR_CELLS)


def _headline(name: str, metric: Mapping[str, Any]) -> "Text":
    from rich.text import Text

    score = metric["score"]
    shown = metric["status"] if score is None else f"{score:.2f}"
    colour = "dim" if score is None else "green" if score >= 0.7 else "yellow" if score >= 0.4 else "red"
    weight = "" if score is None else f" × {metric['weight']:g}"
    return Text.assemble((f"{name:<19}", "bold"), (bar(score), colour), f" {shown}{weight}")


def _evidence(metric: Mapping[str, Any]) -> Iterator[str]:
    yield str(metric["evidence"])
    if targets := metric.get("by_target"):
        yield ", ".join(f"{target.replace('_', ' ')} {value:.2f}" for target, value in targets.items())


def _net_score(rating: Mapping[str, Any]) -> "Text":
    from rich.text import Text

    net_score, (low, high) = rating["net_score"], rating["net_score_range"]
    score = "unknown" if net_score is None else f"{net_score:.2f}"
    within = "nothing is unknown" if low == high else f"{low:.2f} to {high:.2f}, were nothing unknown"
    partly = "; partial: a source failed, it is tried again" if rating["status"] == "partial" else ""
    return Text.assemble((f"{'net score':<19}", "bold"), (score, "bold"), f"  ({within}{partly})")
