"""Are the datasets behind the package documented, licensed and used by others?

Formula, per dataset: 0.4 × documented + 0.2 × licensed + 0.2 × downloads + 0.2 × likes.

- documented: the share of seven subjects that its card has a section on, with five words or code in it (one for the
  license): summary, structure, creation or source, splits or size, uses, limitations or bias, license or citation.
  Headings are understood in some twenty languages; where none is, sections of twenty words count, at most four
- licensed: 1 when it names a license
- downloads: log₁₀(1 + downloads of a month) / 6; likes: log₁₀(1 + likes) / 3; at most 1 each

For a dataset these are its own facts (without a hub, downloads and likes are left out and the rest is scaled to 1; 0
where its content holds no data: there is nothing that its card could document);
for a model the mean over the datasets that its card's prose or its dependencies name and the hub knows: a name in the
metadata alone buys nothing. A model that names none, or none that is known, has an unknown score (`dataset_and_code`
lowers it for that); code has nothing to measure.

Source: T. Gebru et al., "Datasheets for Datasets", CACM 64/12 (2021), and the dataset card's sections
(https://huggingface.co/docs/hub/datasets-cards); the shares are this project's.
"""

from math import fsum, log10

from registry.domain.card_facts import CardReading, Subject
from registry.domain.evidence import DatasetFacts, Evidence, Fact
from registry.domain.ratings import MetricResult
from registry.rating.metrics.dataset_and_code import own_data
from registry.rating.results import bounded, inapplicable, lost, measured, unknown

_SUBJECTS = (
    (Subject.SUMMARY,),
    (Subject.STRUCTURE,),
    (Subject.CREATION,),
    (Subject.SPLITS,),
    (Subject.USAGE,),
    (Subject.LIMITATIONS,),
    (Subject.LICENSE,),
)
_SECTION_WORDS, _UNNAMED_WORDS, _MOST_UNNAMED = 5, 20, 4


def measure(evidence: Evidence) -> MetricResult:
    package = evidence.package.value
    if package and package.type == "code":
        return inapplicable("code has no dataset", evidence.package)
    if package and package.type == "dataset":
        return _own(evidence, package.license)
    fact = evidence.datasets
    # Where the hub or the card that names the datasets is out of reach, nobody knows whether there are more.
    asked: tuple[Fact[object], ...] = (fact, evidence.hub, evidence.card)
    if any(it.failed for it in asked):
        return lost(*asked)
    if not fact.value:
        return unknown(fact.reason, fact)
    said = _said(evidence)
    datasets = [dataset for dataset in fact.value if dataset.info.id in said]
    if not datasets:
        names = ", ".join(dataset.info.id for dataset in fact.value)
        return unknown(f"named in the metadata alone, the card says nothing of them: {names}", fact)
    scores = [_score(dataset) for dataset in datasets]
    text = "; ".join(
        f"{dataset.info.id} {score[0]:.2f} ({score[1]})" for dataset, score in zip(datasets, scores, strict=True)
    )
    return measured(fsum(score for score, _ in scores) / len(scores), text, fact)


def _said(evidence: Evidence) -> set[str]:
    """The datasets that the card's prose or the record's dependencies name."""
    package, card = evidence.package.value, evidence.card.value
    depended = [name for relation, name in package.dependencies if "dataset" in relation] if package else []
    return {*depended, *(card.mentioned_datasets if card else ())}


def _own(evidence: Evidence, license_name: str | None) -> MetricResult:
    card, hub = evidence.card, evidence.hub
    if hub.failed or card.failed or evidence.archive.failed:
        return lost(hub, card, evidence.archive)
    there, found, _ = own_data(evidence)
    if not there and evidence.archive.value is not None:
        return measured(0.0, found, evidence.archive, hub, source="archive")
    if hub.value is not None:
        score, text = _score(DatasetFacts(hub.value, card.value))
        return measured(score, text, hub, card)
    documented, text = _documented(card.value)
    archive = evidence.archive.value
    in_archive = next((it.license for it in archive.licenses if it.license), None) if archive else None
    named = license_name or in_archive or (card.value and card.value.licenses)
    score = (0.4 * documented + 0.2 * bool(named)) / 0.6
    stated = f"{text}; {'licensed' if named else 'no license'}; not known to a hub"
    return measured(score, stated, card, source=None if card.value else card.source)


def _score(dataset: DatasetFacts) -> tuple[float, str]:
    info = dataset.info
    documented, text = _documented(dataset.card)
    downloads, likes = bounded(log10(1 + info.downloads) / 6), bounded(log10(1 + info.likes) / 3)
    score = 0.4 * documented + 0.2 * bool(info.license) + 0.2 * downloads + 0.2 * likes
    return score, f"{text}, {info.license or 'no license'}, {info.downloads:,} downloads, {info.likes:,} likes"


def _documented(card: CardReading | None) -> tuple[float, str]:
    if card is None:
        return 0.0, "no card"
    covered = sum(
        bool(card.on(*subjects, words=1 if subjects == (Subject.LICENSE,) else _SECTION_WORDS))
        for subjects in _SUBJECTS
    )
    if not any(section.subjects for section in card.sections):
        covered = min(_MOST_UNNAMED, sum(section.words >= _UNNAMED_WORDS for section in card.sections))
    return covered / len(_SUBJECTS), f"card on {covered} of {len(_SUBJECTS)} subjects"
