"""The performance claims of a card: numbers, each with the metric, dataset and source that stand beside it. Pure.

In the front matter's `model-index` a result holds all four. In prose they belong together when they stand in one line;
in a table the header names metric or dataset for its column; dataset and metric may also stand in the section's
heading, and the source is a link in the same section. A number with a dataset alone needs a heading on results.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry.domain.card_facts import ClaimFacts, Subject
from registry.formats.cards import Card, links_in
from registry.formats.headings import subjects_of

MAX_CLAIMS = 200
MAX_TEXT = 200
_BENCHMARK = re.compile(
    r"\b(?:GLUE|SuperGLUE|SQuAD|MMLU|HellaSwag|ARC(?:-[ceCE]\w*)?|GSM8K|HumanEval|MBPP|TruthfulQA|WinoGrande|BIG-?bench"
    r"|BEIR|MTEB|STS(?:-?B|1[2-6]|Benchmark)?|MNLI|QNLI|RTE|MRPC|SST-?2|CoLA|QQP|RACE|ImageNet(?:-\w+)?|COCO"
    r"|CIFAR-?10{1,2}|MNIST|ADE20K|LibriSpeech|Common ?Voice|FLEURS|WMT\d\d|XNLI|CoNLL(?:-?\d{4})?|WikiText(?:-\d+)?"
    r"|LAMBADA|PIQA|BoolQ|DROP|IFEval|GPQA|VQA(?:v2)?|LFW|KITTI|MLPerf|Kinetics(?:-\d+)?|Iris|IMDB|AG ?News)\b"
)
_METRIC = re.compile(
    r"\b(?:accuracy|acc|f1(?:[- ]score)?|precision|recall|auc|auroc|bleu|rouge(?:-?[12lL])?|meteor|wer|cer|perplexity"
    r"|ppl|m?iou|mse|rmse|mae|r2|(?-i:mAP(?:@[\d.:]+)?|EM)|exact match|spearman|pearson|ndcg(?:@\d+)?|mrr|top-?[15]|fid"
    r"|psnr|ssim|pass@\d+|latency|throughput|tokens/s|genauigkeit|exactitud|précision|точность"
    r"|\u51c6\u786e\u7387|\u7cbe\u5ea6|\u6b63\u89e3\u7387|\uc815\ud655\ub3c4)(?!\w)",  # in Chinese, Japanese, Korean
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.@-])\d{1,9}(?:[.,]\d{1,9})?(?!\.?\w)")
_OF_DATASETS = re.compile(
    r"\b(?:dataset|data set|task|benchmark|corpus|test set)s?\b|数据集|データセット", re.IGNORECASE
)
_AT_MOST_100 = re.compile(
    r"acc|f1|precision|recall|auc|auroc|iou|exact|\bem\b|\bmap\b|top-?[15]|pass@|bleu|rouge|ndcg|mrr", re.IGNORECASE
)
_RESULTS_PAGE = re.compile(
    r"arxiv\.org/|doi\.org/|aclanthology\.org/|openreview\.net/|paperswithcode\.com/|leaderboard|wandb\.ai/|github\.com/"
    r"|huggingface\.co/|zenodo\.org/|proceedings|\.pdf$"
)


def read_claims(card: Card) -> tuple[tuple[ClaimFacts, ...], int, int]:
    """The claims, each (metric, dataset) once; how many results the `model-index` has, how many are malformed."""
    results = _model_index(card.front)
    claims: dict[tuple[str | None, str | None], ClaimFacts] = {}
    malformed = 0
    for result in results:
        stated = list(_of_result(result))
        malformed += not stated
        for claim in stated:
            _keep(claims, claim)
    for claim in _in_prose(card):
        _keep(claims, claim)
    return tuple(claims.values())[:MAX_CLAIMS], len(results), malformed


def _keep(claims: dict[tuple[str | None, str | None], ClaimFacts], claim: ClaimFacts) -> None:
    key = (claim.metric and claim.metric.lower(), claim.dataset and claim.dataset.lower())
    before = claims.get(key)
    if before is None or (before.source is None and claim.source is not None):
        claims[key] = claim


def _model_index(front: Mapping[str, Any]) -> list[Any]:
    """Every result of every model in the front matter's `model-index`, well-formed or not."""
    index = front.get("model-index")
    found: list[Any] = []
    for model in index if isinstance(index, list) else []:
        results = model.get("results") if isinstance(model, dict) else None
        found.extend(results if isinstance(results, list) and results else [None])
    return found


def _of_result(result: object) -> Iterator[ClaimFacts]:
    """The claims of a result that names its task, its dataset, and of each of its metrics a type and a number."""
    if not isinstance(result, dict):
        return
    task, dataset, metrics = result.get("task"), result.get("dataset"), result.get("metrics")
    if not (isinstance(task, dict) and isinstance(task.get("type"), str) and isinstance(dataset, dict)):
        return
    name = next((_text(dataset.get(key)) for key in ("name", "type") if _text(dataset.get(key))), None)
    if name is None or not isinstance(metrics, list) or not all(map(_is_number, metrics)):
        return
    source = result.get("source")
    url = _text(source.get("url")) if isinstance(source, dict) else None
    for metric in metrics:
        yield ClaimFacts("model-index", float(metric["value"]), _text(metric["type"]), name, url)


def _is_number(metric: object) -> bool:
    if not isinstance(metric, dict) or not isinstance(metric.get("type"), str):
        return False
    value = metric.get("value")
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return False
    return _possible(metric["type"], float(value))


def _possible(metric: str | None, value: float) -> bool:
    return not (metric and _AT_MOST_100.search(metric)) or 0 <= value <= 100


def _text(value: object) -> str | None:
    return value.strip()[:MAX_TEXT] if isinstance(value, str) and value.strip() else None


def _in_prose(card: Card) -> Iterator[ClaimFacts]:
    named = _names_of(card.names("datasets"))
    sources = _sources(card)
    header: list[str] = []
    for line, title in zip(card.prose, card.titles, strict=True):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.count("|") >= 2 else []
        if not cells:
            header = []
            metric, rest = _metric(line)
            if metric and (number := _number(_without_names(rest, named))) is not None:
                dataset = _dataset(line, named) or _dataset(title, named)
                yield from _claim(title, number, metric, dataset, sources)
        elif not header:
            header = cells
        else:
            yield from _of_row(header, cells, title, named, sources)


def _of_row(
    header: list[str], cells: list[str], title: str, named: Mapping[str, str], sources: Mapping[str, str]
) -> Iterator[ClaimFacts]:
    label = cells[0]
    for place, cell in enumerate(cells[1:], start=1):
        number = _number(cell)
        if number is None:
            continue
        column = header[place] if place < len(header) else ""
        metric = _metric(column)[0] or _metric(label)[0] or _metric(title)[0]
        dataset = (
            _dataset(column, named) or _dataset(label, named) or _labelled(header, cells) or _dataset(title, named)
        )
        yield from _claim(title, number, metric, dataset, sources)


def _claim(
    title: str, number: float, metric: str | None, dataset: str | None, sources: Mapping[str, str]
) -> Iterator[ClaimFacts]:
    # Datasets with numbers are often what a model was trained on: without a metric they need a heading on results.
    if (metric or (dataset and Subject.EVALUATION in subjects_of(title))) and _possible(metric, number):
        yield ClaimFacts(title[:MAX_TEXT], number, metric, dataset, sources.get(title))


def _labelled(header: list[str], cells: list[str]) -> str | None:
    """The cell under a header that says that it names datasets."""
    places = [place for place, cell in enumerate(header[: len(cells)]) if _OF_DATASETS.search(cell)]
    text = cells[places[0]] if places else ""
    return text[:MAX_TEXT] if any(map(str.isalpha, text)) else None


def _metric(text: str) -> tuple[str | None, str]:
    """The first metric that a text names, and what stands after it, or else before it."""
    match = _METRIC.search(text)
    if match is None:
        return None, ""
    after = text[match.end() :]
    return match[0], after if _NUMBER.search(after) else text[: match.start()]


def _dataset(text: str, named: Mapping[str, str]) -> str | None:
    if match := _BENCHMARK.search(text):
        return match[0]
    said = "".join(filter(str.isalnum, text.lower()))
    return next((name for plain, name in named.items() if plain in said), None)


def _without_names(text: str, named: Mapping[str, str]) -> str:
    text = _BENCHMARK.sub(" ", text)
    for name in named.values():
        text = text.replace(name, " ")
    return text


def _names_of(datasets: tuple[str, ...]) -> dict[str, str]:
    """The last parts of the datasets' names, by their letters and digits alone."""
    tails = (name.rsplit("/", 1)[-1] for name in datasets[:20])
    plain = {"".join(filter(str.isalnum, tail.lower())): tail for tail in tails}
    return {letters: tail for letters, tail in plain.items() if len(letters) >= 3}


def _number(text: str) -> float | None:
    match = _NUMBER.search(text)
    return float(match[0].replace(",", ".")) if match else None


def _sources(card: Card) -> dict[str, str]:
    """The first link to a paper, a leaderboard or an evaluation in each section, by its heading."""
    found: dict[str, str] = {}
    for section in card.sections:
        for line in section.lines:
            link = next((link for link in links_in(line) if _RESULTS_PAGE.search(link)), None)
            if link is not None:
                found.setdefault(section.heading, link[:MAX_TEXT])
                break
    return found
