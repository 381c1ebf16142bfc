"""Roles against the calls of real processes: all that they make is allowed, and nothing else without a reason."""

import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.api.backends import ENGINES, engines, operate, scaled_settings
from tests.api.server import RunningServer, server_environment, start_server, worker
from tests.api.support import eventually, log_in, metadata, publish
from tests.deploy.policies import ROLES, allowed_actions, denied
from tests.engines.aws_calls import FOLDER, Call, recorded, recording_environment
from tests.engines.cloudfront import CloudFront, running_cloudfront
from tests.engines.s3 import ACCESS_KEY, SECRET_KEY
from tests.unit.archives import make_zip

pytestmark = [pytest.mark.engines(*ENGINES, "iam_simulator")]
MIB = 1024 * 1024
_SHARED = "a part of what all processes share; of transactions that only some commands make"
REASONS = {
    "ApiRole": {"dynamodb:Scan": "`DELETE /reset`, and sweeps of what older versions left"},
    "WorkerRole": {
        "dynamodb:BatchWriteItem": "many items without a condition at once; the test's are few",
        "s3:AbortMultipartUpload": "storing what it made of a content, which breaks off",
        "s3:DeleteObject": "it made what another process had made meanwhile",
        "s3:PutObject": "long lists of files, and large files that are unpacked; which process does it is a race",
    },
    "OperatorRole": {
        "dynamodb:BatchWriteItem": "a sweep that finds much",
        "dynamodb:ConditionCheckItem": _SHARED,
        "dynamodb:DeleteItem": _SHARED,
        "dynamodb:UpdateItem": _SHARED,
        "s3:AbortMultipartUpload": "a sweep that finds an abandoned upload",
        "s3:DeleteObject": "a sweep that finds bytes without a record",
        "s3:ListMultipartUploadParts": "a sweep that finds an abandoned upload",
        "s3:PutObject": "the policy of those who sweep is that of the API",
        "s3:PutBucketPublicAccessBlock": "`registry bucket create`; the S3 server of the tests does not know the call",
        "s3:PutLifecycleConfiguration": "likewise",
        # By `aws`, as the README says, not by `registry`.
        "dynamodb:DescribeContinuousBackups": "how far back a restore can go",
        "dynamodb:RestoreTableToPointInTime": "restore",
        "dynamodb:UpdateContinuousBackups": "a restored table has no point-in-time recovery until it is turned on",
        "dynamodb:UpdateTable": "a restored table has no deletion protection until it is turned on",
        "s3:DeleteObjectVersion": "restore: removing a delete marker brings the bytes back",
        "s3:GetObjectVersion": "restore: reading bytes that were replaced or deleted",
        "s3:ListBucketVersions": "restore: finding them",
    },
}
"""Actions that a role may do and that the processes of this test do not, and why."""


@pytest.fixture
def cloudfront() -> Iterator[CloudFront]:
    with running_cloudfront({ACCESS_KEY: SECRET_KEY}) as running:
        yield running


@pytest.fixture
def calls_of_processes(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, cloudfront: CloudFront
) -> set[Call]:
    """The calls of a server, a worker and operators' commands that did their usual work, and some seldom work."""
    used = engines(request)  # before the folder is another one: what records the whole run's calls keeps its own
    folder = tmp_path / "calls"
    folder.mkdir()
    monkeypatch.setenv(FOLDER, str(folder))
    settings = {
        **scaled_settings(used),
        **recording_environment(),
        "REGISTRY_ANONYMOUS": "search",  # or edges would hold nothing
        "REGISTRY_EDGE_DISTRIBUTION_ID": cloudfront.distribution_id,
        "REGISTRY_EDGE_ENDPOINT_URL": cloudfront.url,
        "REGISTRY_SWEEP_INTERVAL_SECONDS": "1",
        # Not 0: the sweep would remove the bytes of a publish whose record is not written yet.
        "REGISTRY_SWEEP_GRACE_SECONDS": "10",
    }
    for command in (("tables", "create"), ("tables", "check"), ("bucket", "create"), ("bucket", "check")):
        operate(settings, *command)
    server = start_server(server_environment(tmp_path / "data", **settings))
    try:
        with worker(server):
            _use(server)
            eventually(lambda: cloudfront.items != [])
        operate(settings, "maintenance", "sweep")
        operate(settings, "maintenance", "scrub")
    finally:
        server.stop()
    return recorded(folder)


def _use(server: RunningServer) -> None:
    person = log_in(server.url, server.admin_name, server.admin_password)
    with person.client as client:
        package = publish(client, b"small")
        large = publish(client, secrets.token_bytes(20 * MIB))
        path = f"/package/{package['id']}"
        assert client.get(path + "/rate", params={"wait": 30}).status_code == 200
        for address in ("/packages", path, path + "/audit", path + "/safety", path + "/lineage", "/users", "/tokens"):
            assert client.get(address).status_code == 200, address
        assert client.get(path + "/content").status_code == 307
        assert client.get(path + "/content", params={"redirect": "false"}).content == b"small"
        unpacked = publish(client, make_zip({f"{n}.txt": bytes(100) for n in range(100)} | {"big": bytes(2 * MIB)}))
        files = f"/package/{unpacked['id']}/files"
        eventually(lambda: client.get(files, params={"wait": 30}).status_code == 200, timeout_seconds=120)
        assert client.get(files + "/big", params={"wait": 30}).status_code in (200, 202, 307)
        upload = client.post("/uploads", json={"metadata": metadata(), "size": 1, "sha256": sha256(b"x").hexdigest()})
        assert upload.status_code == 201
        upload_path = f"/uploads/{upload.json()['id']}"
        assert client.get(upload_path).status_code == 200
        with httpx.Client(trust_env=False) as store:
            assert store.put(upload.json()["parts"][0]["url"], content=b"x").status_code == 200
        assert client.post(upload_path + "/complete").status_code == 201
        opened = client.post("/uploads", json={"metadata": metadata(), "size": 1, "sha256": sha256(b"y").hexdigest()})
        assert client.delete(f"/uploads/{opened.json()['id']}").status_code == 204
        assert client.delete(f"/package/{large['id']}").status_code == 204
        eventually(lambda: "registry_swept_blobs_total" in client.get("/metrics").text)


def test_every_call_is_allowed_and_what_is_allowed_is_used(calls_of_processes: set[Call]) -> None:
    by_role = {role: {action for by, action, _ in calls_of_processes if by == role} for role in ROLES}
    assert all(by_role.values()), "each kind of process made calls"
    assert denied(calls_of_processes) == []
    for role in ROLES:
        allowed = set(allowed_actions(role))
        assert allowed - by_role[role] <= set(REASONS[role]), f"{role}: give a reason in REASONS, or take it away"
        assert set(REASONS[role]) <= allowed, f"{role}: REASONS names what it may not do"


def test_a_call_that_no_policy_allows_is_found() -> None:
    assert denied({("WorkerRole", "dynamodb:Scan", "table")}) == ["WorkerRole dynamodb:Scan table: ImplicitlyDenied"]
    assert denied({("any", "dynamodb:DeleteTable", "table")}) != []
    assert denied({("ApiRole", "dynamodb:Query", "index"), ("any", "s3:PutBucketVersioning", "bucket")}) == []
