"""Are claims about performance there, in a form that can be checked?

Formula, read from the card: 0.4 × structured + 0.4 × prose + 0.2 × linked.

- structured: the share of well-formed results in the front matter's `model-index`: each with a task, a dataset, and
  metrics of which every one has a type and a number. 0 without a `model-index`.
- prose: a quarter each for a section on evaluation, a benchmark named in it or beside a metric (elsewhere it may be
  training data), a line with a metric's name and a number, and a table or list of at least three such lines.
- linked: 1 when a result names its `source` or the card links to a paper or a leaderboard.

A text model, where one is set up, is a second reader: score = 0.75 × card + 0.25 × reading. Its answer is evidence
from untrusted text, so a quarter is all that words meant for it could ever move. Without a text model the card's score
stands alone; when it fails, too, with the range that its answer could have made. 0 without a card.

Source: the model-index of https://huggingface.co/docs/hub/model-cards#evaluation-results; M. Mitchell et al., "Model
Cards for Model Reporting", FAT* 2019 (metrics, evaluation data); the shares are this project's.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from registry.domain.evidence import Evidence
from registry.domain.ratings import MetricResult
from registry.formats.cards import Card, card_fact, parse_card
from registry.rating.results import counted, failures, lost, measured

READER_SHARE = 0.25
_BENCHMARK = re.compile(
    r"\b(?:GLUE|SuperGLUE|SQuAD|MMLU|HellaSwag|ARC|GSM8K|HumanEval|MBPP|TruthfulQA|WinoGrande|BIG-?bench|BEIR|MTEB|STS"
    r"|MNLI|SST-?2|CoLA|QQP|RACE|ImageNet|COCO|CIFAR-?10{1,2}|MNIST|ADE20K|LibriSpeech|Common Voice|FLEURS|WMT\d\d"
    r"|XNLI|CoNLL|WikiText|LAMBADA|PIQA|BoolQ|DROP|IFEval|GPQA|VQA|LFW|KITTI|MLPerf|Kinetics)\b"
)
_METRIC = re.compile(
    r"\b(?:accuracy|acc|f1|precision|recall|auc|auroc|bleu|rouge|meteor|wer|cer|perplexity|ppl|iou|mse|rmse|mae|r2"
    r"|(?-i:mAP|EM)|exact match|spearman|pearson|ndcg|mrr|top-?[15]|fid|psnr|ssim|pass@\d+|latency|throughput"
    r"|tokens/s)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])\d{1,9}(?:\.\d{1,9})?(?!\.?\w)")
_PAPER = re.compile(r"arxiv\.org/|doi\.org/|aclanthology\.org/|openreview\.net/|paperswithcode\.com/|leaderboard")


def measure(evidence: Evidence) -> MetricResult:
    fact, reading = card_fact(evidence), evidence.claims_reading
    if fact.value is None:
        return lost(fact) if fact.failed else measured(0.0, fact.reason, fact, source=fact.source)
    score, text = _from_card(parse_card(fact.value))
    if reading.value is not None:
        judged = f"; {reading.value.model} gives {reading.value.score:.2f}: {reading.value.reason}"
        total = (1 - READER_SHARE) * score + READER_SHARE * reading.value.score
        return measured(total, text + judged, fact, reading)
    if not reading.failed:
        return measured(score, f"{text}; {reading.reason}", fact, reading)
    return measured(
        score,
        f"{text}; the text model did not answer: {reading.reason}",
        fact,
        reading,
        low=(1 - READER_SHARE) * score,
        high=(1 - READER_SHARE) * score + READER_SHARE,
        lost_to=failures(reading),
    )


def _from_card(card: Card) -> tuple[float, str]:
    results = model_index_results(card.front)
    well_formed = sum(map(is_well_formed, results))
    evaluation = card.on("evaluation", "results", "performance", "benchmark", "metrics")
    on_results = [line for section in evaluation for line in section.lines]
    on_results += [line for line in card.prose if _METRIC.search(line)]
    benchmarks = sorted({name for line in on_results for name in _BENCHMARK.findall(line)})
    lines = sum(1 for line in card.prose if _METRIC.search(line) and _NUMBER.search(line))
    signs = (
        bool(evaluation),
        bool(benchmarks),
        lines > 0,
        lines >= 3 or _numeric_table(card),
    )
    linked = any(_has_source(result) for result in results) or any(_PAPER.search(link) for link in card.links)
    structured = well_formed / len(results) if results else 0.0
    told = [
        f"{well_formed} of {counted(len(results), 'result')} in the model-index well-formed"
        if results
        else "no model-index",
        f"{counted(lines, 'line')} with a metric and a number",
        f"benchmarks: {', '.join(benchmarks[:5])}" if benchmarks else "no known benchmark named",
        "an evaluation section" if signs[0] else "no evaluation section",
        "links to a paper or a source of results" if linked else "no link to a paper or a source of results",
    ]
    return 0.4 * structured + 0.4 * sum(signs) / 4 + 0.2 * linked, "; ".join(told)


def model_index_results(front: Mapping[str, Any]) -> list[Any]:
    """Every result of every model in the front matter's `model-index`, well-formed or not."""
    index = front.get("model-index")
    found: list[Any] = []
    for model in index if isinstance(index, list) else []:
        results = model.get("results") if isinstance(model, dict) else None
        found.extend(results if isinstance(results, list) and results else [None])
    return found


def is_well_formed(result: object) -> bool:
    """Whether a result names its task and dataset, and each of its metrics has a type and a finite number."""
    if not isinstance(result, dict):
        return False
    task, dataset, metrics = result.get("task"), result.get("dataset"), result.get("metrics")
    return (
        isinstance(task, dict)
        and isinstance(task.get("type"), str)
        and isinstance(dataset, dict)
        and any(isinstance(dataset.get(key), str) for key in ("name", "type"))
        and isinstance(metrics, list)
        and bool(metrics)
        and all(isinstance(metric, dict) and _is_number(metric) for metric in metrics)
    )


def _is_number(metric: Mapping[str, Any]) -> bool:
    value = metric.get("value")
    finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(metric.get("type"), str) and finite


def _has_source(result: object) -> bool:
    source = result.get("source") if isinstance(result, dict) else None
    return isinstance(source, dict) and isinstance(source.get("url"), str)


def _numeric_table(card: Card) -> bool:
    rows = [line for line in card.prose if line.count("|") >= 3]
    return sum(1 for row in rows if _NUMBER.search(row)) >= 1 and any(_METRIC.search(row) for row in rows)
