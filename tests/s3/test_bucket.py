import re
from collections.abc import AsyncIterator

import pytest

from registry.adapters.engine_calls import EngineDown
from registry.adapters.s3 import S3Bucket, State, check_bucket, ensure_bucket, open_s3
from tests.engines import s3
from tests.s3.fake_server import Answer, Request, answering, refusal

NOTHING_SET = {
    "lifecycle": "NoSuchLifecycleConfiguration",
    "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
}


class ConfigurationServer:
    """Keeps a bucket's configuration, each part as it was put, and refuses what `refused` names."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.refused: dict[str, Answer] = {}
        self.exists = False

    def __call__(self, request: Request) -> Answer:
        query = re.search(r"\?(\w+)", request.target)
        part = query[1] if query else "bucket"
        if part in self.refused:
            return self.refused[part]
        if part == "bucket":
            self.exists = self.exists or request.method == "PUT"
            return Answer(200 if self.exists else 404)
        if request.method == "PUT":
            self.kept[part] = request.body
        elif part in self.kept:
            return Answer(200, self.kept[part])
        elif part in NOTHING_SET:
            return refusal(404, NOTHING_SET[part])
        return Answer(200, b"<VersioningConfiguration/>" if part == "versioning" else b"")


@pytest.fixture
def server() -> ConfigurationServer:
    return ConfigurationServer()


@pytest.fixture
async def fresh(server: ConfigurationServer) -> AsyncIterator[S3Bucket]:
    async with answering(server) as url, open_s3("bucket", endpoint_url=url, session=s3.session()) as bucket:
        yield bucket


async def states(bucket: S3Bucket) -> dict[str, State]:
    return {finding.aspect: finding.state for finding in await check_bucket(bucket)}


async def test_bucket_is_made_and_set_up(fresh: S3Bucket) -> None:
    assert await states(fresh) == {"bucket": State.WRONG}
    findings = await ensure_bucket(fresh)
    assert [finding.aspect for finding in findings] == [
        "bucket",
        "public access block",
        "versioning",
        "lifecycle rules",
    ]
    assert {finding.state for finding in findings} == {State.OK}
    assert await ensure_bucket(fresh) == findings == await check_bucket(fresh)


async def test_what_differs_is_told_and_set_again(server: ConfigurationServer, fresh: S3Bucket) -> None:
    await ensure_bucket(fresh)
    kept = dict(server.kept)
    server.kept["versioning"] = kept["versioning"].replace(b"Enabled", b"Suspended")
    server.kept["publicAccessBlock"] = kept["publicAccessBlock"].replace(b"true", b"false", 1)
    server.kept["lifecycle"] = kept["lifecycle"].replace(b"<DaysAfterInitiation>1<", b"<DaysAfterInitiation>100<")
    assert await states(fresh) == {
        "bucket": State.OK,
        "public access block": State.WRONG,
        "versioning": State.WRONG,
        "lifecycle rules": State.WRONG,
    }
    await ensure_bucket(fresh)
    assert server.kept == kept


async def test_rules_of_others_stay(server: ConfigurationServer, fresh: S3Bucket) -> None:
    rule = b"<Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter></Rule>"
    server.kept["lifecycle"] = b"<LifecycleConfiguration>" + rule + b"</LifecycleConfiguration>"
    await ensure_bucket(fresh)
    assert re.findall(rb"<ID>([\w-]+)", server.kept["lifecycle"]) == [
        b"theirs",
        b"registry-abandoned-uploads",
        b"registry-noncurrent-versions",
        b"registry-delete-markers",
    ]


async def test_what_may_not_be_asked_is_not_passed_over(server: ConfigurationServer, fresh: S3Bucket) -> None:
    await ensure_bucket(fresh)
    server.refused["lifecycle"] = refusal(403, "AccessDenied")
    assert (await states(fresh))["lifecycle rules"] is State.DENIED
    server.refused["bucket"] = Answer(403)
    assert await states(fresh) == {"bucket": State.DENIED}


async def test_failure_of_the_engine_passes(server: ConfigurationServer, fresh: S3Bucket) -> None:
    await ensure_bucket(fresh)
    server.refused["versioning"] = refusal(500, "InternalError")
    with pytest.raises(EngineDown):
        await check_bucket(fresh)


async def test_real_server_is_set_up_as_far_as_it_can(bucket: S3Bucket) -> None:
    """versitygw knows neither lifecycle rules nor the public access block; docs/s3-servers.md has the table."""
    findings = {finding.aspect: finding for finding in await ensure_bucket(bucket)}
    assert {aspect: finding.state for aspect, finding in findings.items()} == {
        "bucket": State.OK,
        "public access block": State.UNSUPPORTED,
        "versioning": State.OK,
        "lifecycle rules": State.UNSUPPORTED,
    }
    assert "lacks the call" in findings["lifecycle rules"].detail
